/**
 * Authenticate: checks when a token is valid (`exp`, `nbf`, `iat`) and for whom (`aud`), by RFC 7519 4.1. Called by
 * `authenticate.ts` after the signature is verified. The issuer's own conditions on claims are in `src/model/claim.ts`.
 */
import { readClaim } from '../model/claim.js';
import type { Issuer } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import type { JsonObject } from './parse-jws.js';
import { INVALID_TOKEN } from './refusals.js';

/** When a token is valid: epoch milliseconds, the issuer's clock skew included. */
export interface Validity {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** Reads `exp`, `nbf` and `iat`; a refusal where one is malformed, or `exp` is required and missing. */
export function readValidity(payload: JsonObject, issuer: Issuer): Validity | Refusal {
  const { exp, nbf, iat } = payload;
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) return INVALID_TOKEN.times;
  if (exp === undefined && issuer.requireExp) return INVALID_TOKEN.neverExpires;
  return {
    // A token with an iat in the future is not valid yet, like one with an nbf in the future.
    startsAtMs: Math.max(nbf ?? -Infinity, iat ?? -Infinity) * 1000 - issuer.clockSkewMs,
    endsAtMs: (exp ?? Infinity) * 1000 + issuer.clockSkewMs,
  };
}

/** A NumericDate or undefined (RFC 7519 2). JSON.parse turns 1e400 into Infinity. */
function isTime(value: unknown): value is number | undefined {
  return value === undefined || Number.isFinite(value);
}

/** Refuses a token outside its validity. At `endsAtMs` exactly it has expired (RFC 7519 4.1.4: "on or after"). */
export function timeError({ startsAtMs, endsAtMs }: Validity, nowMs: number): Refusal | undefined {
  if (nowMs >= endsAtMs) return INVALID_TOKEN.expired;
  if (nowMs < startsAtMs) return INVALID_TOKEN.notYetValid;
  return undefined;
}

/**
 * Whether `aud`, or the claim in its place, has one of the issuer's accepted audiences. It is a string or a list of only
 * strings (RFC 7519 4.1.3).
 */
export function hasAcceptedAudience(payload: JsonObject, { audience, audienceClaim }: Issuer): boolean {
  if (audience === undefined) return true;
  const aud = readClaim(payload, audienceClaim);
  if (typeof aud === 'string') return audience.includes(aud);
  return Array.isArray(aud) && aud.every(isString) && aud.some((one) => audience.includes(one));
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
