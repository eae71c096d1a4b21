/** A token that an app shows beside its credentials, for `POST /revoke` and `POST /introspect`: what it is, and whose. */
import { createPublicKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { REVOCATION_MARGIN_MS } from '../../model/revocation.js';
import { NAMED, OWN_CLOCK_SKEW_MS, TOKENS } from '../../model/tokens.js';
import { namedIssuerOf } from '../claims.js';
import { invalidRequest, OAuthError } from '../oauth-error.js';
import type { Claims, Revocations, Secrets, Signer } from '../deps.js';
import type { App, RefreshFamily, Registry } from '../registry/registry.js';
import { requireCredentials } from '../request/credentials.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import type { AppAuthenticator } from './app.js';
import type { Call } from './endpoint.js';

/** An access token or a named one, its signature good, its times as they are asked for, and not revoked. */
export interface PresentedJwt {
  readonly kind: 'jwt';
  readonly issuer: typeof TOKENS | typeof NAMED;
  readonly claims: Claims;
  readonly jti: string;
  /** Epoch seconds; undefined: it never expires. */
  readonly exp: number | undefined;
  /** Its scopes, as the token lists them. */
  readonly scopes: readonly string[];
  /** The app that it was given to; undefined for the tokens of users, who log in without one. */
  readonly clientId: string | undefined;
}

export interface PresentedRefreshToken {
  readonly kind: 'refresh';
  readonly family: RefreshFamily;
}

/** What an app asks about. */
export interface PresentedToken {
  readonly app: App;
  /** Undefined for whatever is no living token of ours. */
  readonly held: PresentedJwt | PresentedRefreshToken | undefined;
}

type Purpose = 'revoke' | 'introspect';

export type ReadPresentedToken = (call: Call, at: Purpose) => Promise<PresentedToken | OAuthError>;

export interface PresentedTokenOptions {
  readonly issuer: string;
  readonly apps: AppAuthenticator;
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly signer: Signer;
  readonly revocations: Revocations;
  readonly now: () => number;
}

const SOURCES: ParameterSources = { body: ['application/x-www-form-urlencoded'] };
const NO_TOKEN = invalidRequest('The token is missing');

/** Of a user's token, which was given to no app, whoever holds it may ask: it could use it just as well. */
export function belongsToOtherClient(held: PresentedJwt | PresentedRefreshToken, app: App): boolean {
  return held.kind === 'jwt' && held.clientId !== undefined && held.clientId !== app.key;
}

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
      // The signature is ours, and so are the claims and their types.
      return typeof claims === 'string' ? undefined : (claims as unknown as OwnClaims);
    } catch {
      return undefined;
    }
  }

  function findJwt(token: string, at: Purpose): PresentedJwt | undefined {
    const claims = verify(token);
    const issuer = issuers.get(String(claims?.iss));
    if (claims === undefined || issuer === undefined || !isTimely(claims, at, now())) return undefined;
    const { sub, client_id, grant_type, jti, iat, exp, scope, sid: family, gen: generation = 0 } = claims;
    const app = issuer === NAMED ? client_id : sub;
    const subject = { issuer, app, tokenId: jti, family, issuedAtMs: iat * 1000, generation };
    if (revocations.isRevoked(subject)) return undefined;
    const clientId = issuer === TOKENS && grant_type === 'password' ? undefined : app;
    return { kind: 'jwt', issuer, claims, jti, exp, scopes: scope, clientId };
  }

  async function find(token: string, at: Purpose): Promise<PresentedToken['held']> {
    if (token.includes('.')) return findJwt(token, at);
    const family = await registry.findFamily(secrets.hash(token), now());
    return family && { kind: 'refresh', family };
  }

  return async function readShown(call, at) {
    const parameters = await readParameters(call, SOURCES);
    if (parameters instanceof OAuthError) return parameters;
    const credentials = requireCredentials(call.req.headers.authorization, parameters);
    if (credentials instanceof OAuthError) return credentials;
    const token = parameters.one('token');
    if (token === undefined) return NO_TOKEN;
    const app = await apps.byCredentials(credentials, at, call);
    if (app instanceof OAuthError) return app;
    return { app, held: await find(token, at) };
  };
}

/**
 * What can be revoked is all that some gate may accept, now or later, by whatever clock; what is active is what a gate
 * with this clock accepts now.
 */
function isTimely({ iat, nbf = iat, exp = Infinity }: OwnClaims, at: Purpose, nowMs: number): boolean {
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
