/** Authenticate: makes the Principal from a verified payload. Called by `authenticate.ts`. */
import { keysOf, readClaim, type ClaimPath } from '../model/claim.js';
import type { Issuer } from '../model/issuer.js';
import { NO_CLAIMS, type Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import { isScopeToken, narrow } from '../model/scope.js';
import type { JsonObject } from './parse-jws.js';
import { INVALID_TOKEN } from './refusals.js';

/** An app's id becomes part of a limit key and of a header field. */
const MAX_APP_LENGTH = 256;

/** Control characters and lone surrogates: as UTF-8, ids with different lone surrogates would be one app. */
const FORBIDDEN_IN_ID = /[\p{Cc}\p{Cs}]/u;

/**
 * Creates the Principal; a refusal where the payload names no valid app.
 * @param keptClaims the top-level claims that the Principal keeps
 */
export function createPrincipal(
  payload: JsonObject,
  issuer: Issuer,
  keptClaims: readonly string[],
): Principal | Refusal {
  const app = textOf(firstOf(payload, issuer.claims.app));
  if (app === undefined || !isAppId(app)) return INVALID_TOKEN.app;
  const { exp, iat } = payload;
  const isOwn = issuer.keys.kind === 'own';
  return Object.freeze<Principal>({
    issuer: issuer.name,
    app,
    appName: textOf(payload['app_name']),
    organization: textOf(payload['organization']),
    subject: textOf(payload['sub']),
    tokenId: textOf(payload['jti']),
    family: isOwn ? textOf(payload['sid']) : undefined,
    generation: isOwn && typeof payload['gen'] === 'number' ? payload['gen'] : 0,
    scopes: Object.freeze(narrow(scopesOf(payload, issuer.claims.scope), issuer.grants)),
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : Infinity,
    issuedAtMs: typeof iat === 'number' ? iat * 1000 : -Infinity,
    claims: keepClaims(payload, keptClaims),
  });
}

function keepClaims(payload: JsonObject, names: readonly string[]): Principal['claims'] {
  const kept = names.filter((name) => Object.hasOwn(payload, name));
  if (kept.length === 0) return NO_CLAIMS;
  return Object.freeze(Object.fromEntries(kept.map((name) => [name, payload[name]])));
}

/** Returns the first claim that the payload has; `null` counts as absent. A later one never replaces an invalid one. */
function firstOf(payload: JsonObject, paths: readonly ClaimPath[]): unknown {
  for (const path of paths) {
    const claim = readClaim(payload, path);
    if (claim !== undefined && claim !== null) return claim;
  }
  return undefined;
}

/** Returns the scopes that a payload has, whether or not its issuer may grant them. */
export function claimedScopes(payload: JsonObject, { claims }: Pick<Issuer, 'claims'>): readonly string[] {
  return scopesOf(payload, claims.scope);
}

function scopesOf(payload: JsonObject, paths: readonly ClaimPath[]): readonly string[] {
  return paths.flatMap((path) => readScopes(readClaim(payload, path)));
}

function isAppId(text: string): boolean {
  return text.length <= MAX_APP_LENGTH && !FORBIDDEN_IN_ID.test(text);
}

/**
 * Returns a claim as text. A safe integer becomes decimal text. A larger number was rounded when it was parsed, so two
 * ids could become one.
 */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * Reads an array, a space-separated string (RFC 6749 3.3), or the keys of an object. Anything that is not a scope-token is
 * ignored.
 */
function readScopes(claim: unknown): readonly string[] {
  let entries: readonly unknown[] = [claim].flat();
  if (typeof claim === 'string') entries = claim.split(' ');
  else if (typeof claim === 'object' && claim !== null && !Array.isArray(claim)) entries = keysOf(claim);
  return entries.map(textOf).filter((text): text is string => text !== undefined && isScopeToken(text));
}
