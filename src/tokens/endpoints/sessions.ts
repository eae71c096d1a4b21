/** Sessions of users: a login opens one, each refresh continues it. Used by `POST /token` and `POST /connect/token`. */
import type { Log } from '../../model/log.js';
import { narrow } from '../../model/scope.js';
import type { TokenEndpoints } from '../../model/tokens.js';
import { secondsOf, type ClaimsMaker } from '../claims.js';
import { Throttled, type FailedAttempts } from '../failed-attempts.js';
import type { AppLimit } from '../app-limit.js';
import {
  INVALID_REFRESH_TOKEN,
  INVALID_SCOPE,
  OAuthError,
  tooManyFailures,
  tooManyTokens,
  UNAVAILABLE,
} from '../oauth-error.js';
import type { Random, Secrets, TokenSigner } from '../deps.js';
import type { RefreshFamily, RefreshUse, Registry, User } from '../registry/registry.js';
import type { EndFamily } from './end-family.js';
import type { Call, EndpointName } from './endpoint.js';
import { narrowScope } from './scope.js';

/** Tokens of a user, which each endpoint returns in its own format. */
export interface UserTokens {
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresInS: number;
  readonly scopes: readonly string[];
}

export interface RefreshRequest {
  readonly refreshToken: string;
  /** The narrower scope that is requested for this access token only (RFC 6749 6). */
  readonly scope: string | undefined;
  readonly endpoint: EndpointName;
  readonly call: Call;
}

export interface Sessions {
  /** Opens a session for a user whose password was verified. Rejects if the user was deleted meanwhile. */
  open(user: User): Promise<UserTokens | OAuthError>;
  /** Uses a refresh token once. A later reuse ends the session (RFC 9700 4.14). */
  refresh(request: RefreshRequest): Promise<UserTokens | OAuthError>;
}

export interface SessionsOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly signer: TokenSigner;
  readonly claims: ClaimsMaker;
  readonly attempts: FailedAttempts;
  readonly endFamily: EndFamily;
  readonly issueLimit: AppLimit;
  readonly now: () => number;
  readonly random: Random;
  readonly log: Log;
}

/** A reuse this soon after the use may be the client's own retry: it is refused, and the family is kept. */
const REUSE_GRACE_MS = 5000;
const TOKEN_BYTES = 32;
const FAMILY_ID_BYTES = 16;

/**
 * Creates the sessions.
 * @param settings the lifetimes of access and refresh tokens, in milliseconds
 */
export function createSessions(settings: PasswordSettings, options: SessionsOptions): Sessions {
  return new UserSessions(settings, options);
}

type PasswordSettings = NonNullable<TokenEndpoints['password']>;

class UserSessions implements Sessions {
  readonly #settings: PasswordSettings;
  readonly #options: SessionsOptions;

  constructor(settings: PasswordSettings, options: SessionsOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  async open(user: User): Promise<UserTokens | OAuthError> {
    const { registry, secrets, now } = this.#options;
    const refusal = await this.#overLimit(user.name);
    if (refusal) return refusal;
    const refreshToken = this.#randomText(TOKEN_BYTES);
    const { name, scopes, generation } = user;
    const endsAtMs = now() + this.#settings.refreshLifetimeMs;
    const family = { id: this.#randomText(FAMILY_ID_BYTES), user: name, generation, scopes, endsAtMs };
    await registry.openFamily(family, secrets.hash(refreshToken));
    return this.#tokensFor(user, scopes, family.id, refreshToken);
  }

  async refresh(request: RefreshRequest): Promise<UserTokens | OAuthError> {
    const { endFamily, log } = this.#options;
    const successor = this.#randomText(TOKEN_BYTES);
    const refusal = await this.#refusalOf(request);
    if (refusal) return refusal;
    const used = await this.#use(request, successor);
    if (used instanceof Throttled) return tooManyFailures(used.retryAfterS);
    if (used.result === 'used') return this.#continueSession(used.family, request.scope, successor);
    if (used.result === 'replayed') {
      // If that cannot be recorded, the next reuse of any used token tries again.
      if ((await endFamily(used.family)) === 'unavailable') return UNAVAILABLE;
      log.warn({ user: used.family.user }, 'a refresh token was used again; its family has been ended');
    }
    return INVALID_REFRESH_TOKEN;
  }

  async #tokensFor(
    user: User,
    scopes: readonly string[],
    family: string,
    refreshToken: string,
  ): Promise<UserTokens> {
    const { signer, claims } = this.#options;
    const { lifetimeMs } = this.#settings;
    return {
      token: await signer.sign(claims.forUser(user, scopes, lifetimeMs, family), user.name),
      refreshToken,
      expiresInS: secondsOf(lifetimeMs),
      scopes,
    };
  }

  #randomText(bytes: number): string {
    return Buffer.from(this.#options.random(bytes)).toString('base64url');
  }

  /** An unknown token counts as a failed attempt; a token that was used before does not. */
  async #use(request: RefreshRequest, successor: string): Promise<RefreshUse | Throttled> {
    const { registry, secrets, attempts, now } = this.#options;
    const { endpoint, refreshToken } = request;
    const address = request.call.clientIp;
    const used = await attempts.guard({ endpoint, id: undefined, address }, async () => {
      const [token, next] = [secrets.hash(refreshToken), secrets.hash(successor)];
      const found = await registry.useRefreshToken(token, next, now(), REUSE_GRACE_MS);
      return found.result === 'invalid' ? undefined : found;
    });
    return used ?? { result: 'invalid' };
  }

  /** Checks scope and limit before the use, so that a refusal does not use up the token. */
  async #refusalOf({ refreshToken, scope }: RefreshRequest): Promise<OAuthError | undefined> {
    const { registry, secrets, now } = this.#options;
    const family = await registry.findFamily(secrets.hash(refreshToken), now());
    if (family === undefined) return undefined;
    if (scope !== undefined && narrowScope(scope, family.scopes) instanceof OAuthError) return INVALID_SCOPE;
    return this.#overLimit(family.user);
  }

  /** Users are counted separately from apps: no app's key has a colon. */
  async #overLimit(user: string): Promise<OAuthError | undefined> {
    const retryAfterS = await this.#options.issueLimit.consume(`user:${user}`);
    return retryAfterS === undefined ? undefined : tooManyTokens(retryAfterS);
  }

  async #continueSession(
    family: RefreshFamily,
    scope: string | undefined,
    refreshToken: string,
  ): Promise<UserTokens | OAuthError> {
    const user = await this.#options.registry.findUser(family.user);
    // Another user may have got the name since the refresh token was used.
    if (user?.generation !== family.generation) return INVALID_REFRESH_TOKEN;
    // The user's current scopes, limited to those of the login.
    const scopes = narrowScope(scope, narrow(family.scopes, user.scopes));
    return scopes instanceof OAuthError ? scopes : this.#tokensFor(user, scopes, family.id, refreshToken);
  }
}
