/** Reads the token that an app presents with its credentials to `POST /revoke` and `POST /introspect`. */
import { createPublicKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { REVOCATION_MARGIN_MS } from '../../model/revocation.js';
import { NAMED, OWN_CLOCK_SKEW_MS, TOKENS } from '../../model/tokens.js';
import { namedIssuerOf } from '../claims.js';
import { invalidRequest, OAuthError } from '../oauth-error.js';
import type { Claims, TokenRevocations, Secrets, TokenSigner } from '../deps.js';
import type { App, RefreshFamily, Registry } from '../registry/registry.js';
import { requireCredentials } from '../request/credentials.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import type { AppAuthenticator } from './app.js';
import type { Call } from './endpoint.js';

/** An access token or a named token. Its signature is valid, its times fit the purpose, and it is not revoked. */
export interface PresentedJwt {
  readonly kind: 'jwt';
  readonly issuer: typeof TOKENS | typeof NAMED;
  readonly claims: Claims;
  readonly jti: string;
  /** Epoch seconds; undefined if it never expires. */
  readonly exp: number | undefined;
  /** The scopes of its claims. */
  readonly scopes: readonly string[];
  /** The app that it was issued to; undefined for the tokens of users, who log in without an app. */
  readonly clientId: string | undefined;
}

export interface PresentedRefreshToken {
  readonly kind: 'refresh';
  readonly family: RefreshFamily;
}

/** An authenticated app and the token that it presents. */
export interface PresentedToken {
  readonly app: App;
  /** Undefined unless it is a valid token of this service. */
  readonly token: PresentedJwt | PresentedRefreshToken | undefined;
}

type Purpose = 'revoke' | 'introspect';

/** Authenticates the app, then reads its token. Resolves to the error response if the request is invalid. */
export type ReadPresentedToken = (call: Call, at: Purpose) => Promise<PresentedToken | OAuthError>;

export interface PresentedTokenOptions {
  readonly issuer: string;
  readonly apps: AppAuthenticator;
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly signer: TokenSigner;
  readonly revocations: TokenRevocations;
  readonly now: () => number;
}

const SOURCES: ParameterSources = { body: ['application/x-www-form-urlencoded'] };
const NO_TOKEN = invalidRequest('The token is missing');

/**
 * Whether the token was issued to another app. A user's token was issued to no app, so any app that holds it may
 * present it; it could also use it.
 */
export function belongsToOtherClient(token: PresentedJwt | PresentedRefreshToken, app: App): boolean {
  return token.kind === 'jwt' && token.clientId !== undefined && token.clientId !== app.key;
}

/** Creates the function that reads presented tokens. It rejects if the registry is unavailable. */
export function createReadPresentedToken(options: PresentedTokenOptions): ReadPresentedToken {
  const { apps, registry, secrets, signer, revocations, now } = options;
  const issuers = new Map([
    [options.issuer, TOKENS],
    [namedIssuerOf(options.issuer), NAMED],
  ] as const);

  function verify(token: string): OwnClaims | undefined {
    try {
      const kid = jwt.decode(token, { complete: true })?.header.kid;
      const jwk = signer.jwks().keys.find((key) => kid !== undefined && key['kid'] === kid);
      if (jwk === undefined) return undefined;
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const claims = jwt.verify(token, key, {
        algorithms: ['RS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      // The service signed the token, so its claims have the service's types.
      return typeof claims === 'string' ? undefined : (claims as unknown as OwnClaims);
    } catch {
      return undefined;
    }
  }

  function findJwt(token: string, at: Purpose): PresentedJwt | undefined {
    const claims = verify(token);
    const issuer = issuers.get(String(claims?.iss));
    if (claims === undefined || issuer === undefined || !isWithinTimes(claims, at, now())) return undefined;
    const { sub, client_id, grant_type, jti, iat, exp, scope, sid: family, gen: generation = 0 } = claims;
    const app = issuer === NAMED ? client_id : sub;
    const subject = { issuer, app, tokenId: jti, family, issuedAtMs: iat * 1000, generation };
    if (revocations.isRevoked(subject)) return undefined;
    const clientId = issuer === TOKENS && grant_type === 'password' ? undefined : app;
    return { kind: 'jwt', issuer, claims, jti, exp, scopes: scope, clientId };
  }

  async function find(token: string, at: Purpose): Promise<PresentedToken['token']> {
    if (token.includes('.')) return findJwt(token, at);
    const family = await registry.findFamily(secrets.hash(token), now());
    return family && { kind: 'refresh', family };
  }

  return async function readPresentedToken(call, at) {
    const parameters = await readParameters(call, SOURCES);
    if (parameters instanceof OAuthError) return parameters;
    const credentials = requireCredentials(call.req.headers.authorization, parameters);
    if (credentials instanceof OAuthError) return credentials;
    const token = parameters.one('token');
    if (token === undefined) return NO_TOKEN;
    const app = await apps.byCredentials(credentials, at, call);
    if (app instanceof OAuthError) return app;
    return { app, token: await find(token, at) };
  };
}

/**
 * Whether the token's times fit the purpose. A token can be revoked while any gateway, with any clock, may accept it
 * now or later. It is active while a gateway with this clock accepts it.
 */
function isWithinTimes({ iat, nbf = iat, exp = Infinity }: OwnClaims, at: Purpose, nowMs: number): boolean {
  if (at === 'revoke') return nowMs < exp * 1000 + REVOCATION_MARGIN_MS;
  if (nowMs >= exp * 1000 + OWN_CLOCK_SKEW_MS) return false;
  return nowMs >= Math.max(nbf, iat) * 1000 - OWN_CLOCK_SKEW_MS;
}

interface OwnClaims extends Claims {
  readonly iss: string;
  readonly sub: string;
  readonly client_id: string;
  readonly grant_type?: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf?: number;
  readonly exp?: number;
  readonly sid?: string;
  readonly gen?: number;
  readonly scope: readonly string[];
}
