/** Authenticate, the fence behind the verifier: what must hold of a payload whose signature is good (RFC 7519 4.1). */
import type { Issuer } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import type { JsonObject } from './parse-jws.js';
import { INVALID_TOKEN } from './refusals.js';

/** From when and until when a token counts, epoch milliseconds, the issuer's clock skew included. */
export interface Validity {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

export function readValidity(payload: JsonObject, issuer: Issuer): Validity | Refusal {
  const { exp, nbf, iat } = payload;
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) return INVALID_TOKEN.times;
  if (exp === undefined && issuer.requireExp) return INVALID_TOKEN.neverExpires;
  return {
    // A token from the future was not issued: it is no more valid than one that waits for its nbf.
    startsAtMs: Math.max(nbf ?? -Infinity, iat ?? -Infinity) * 1000 - issuer.clockSkewMs,
    endsAtMs: (exp ?? Infinity) * 1000 + issuer.clockSkewMs,
  };
}

/** A NumericDate, where there is one (RFC 7519 2). JSON.parse makes Infinity of 1e400. */
function isTime(value: unknown): value is number | undefined {
  return value === undefined || Number.isFinite(value);
}

/** At the very end a token has expired already (RFC 7519 4.1.4: "on or after"). */
export function timeError({ startsAtMs, endsAtMs }: Validity, nowMs: number): Refusal | undefined {
  if (nowMs >= endsAtMs) return INVALID_TOKEN.expired;
  if (nowMs < startsAtMs) return INVALID_TOKEN.notYetValid;
  return undefined;
}

/** `aud` is one string or a list of nothing but strings, and has one of ours, whole (RFC 7519 4.1.3). */
export function hasAcceptedAudience(payload: JsonObject, { audience }: Issuer): boolean {
  if (audience === undefined) return true;
  const { aud } = payload;
  if (typeof aud === 'string') return audience.includes(aud);
  return Array.isArray(aud) && aud.every(isString) && aud.some((one) => audience.includes(one));
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** The value at a path of names into objects, own ones only: `__proto__` and `constructor` lead nowhere. */
export function readClaim(payload: JsonObject, path: readonly string[]): unknown {
  let value: unknown = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
}
