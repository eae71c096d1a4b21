/** Makes the fields that an upstream gets from claims of the caller's token. Used by `request-headers.ts`. */
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import { percentEncode } from './percent-encode.js';

const NONE: FlatHeaders = [];
/** Visible ASCII with spaces inside, without `%`. */
const PLAIN = /^[\x21-\x24\x26-\x7e](?:[\x20-\x24\x26-\x7e]*[\x21-\x24\x26-\x7e])?$/;
/** Control characters; and lone surrogates, which have no UTF-8 form. */
const UNSAFE = /[\p{Cc}\p{Cs}]/u;

/**
 * Creates the function that returns the fields of a caller's claims. A claim that is absent, empty or not a scalar has no
 * field. Neither has one with a control character, which is logged at debug without its value.
 *
 * @param upstream its name, for the log
 */
export function createClaimFields(
  upstream: string,
  claims: Upstream['headers']['claims'],
  log: Log,
): (principal: Principal) => FlatHeaders {
  if (claims.length === 0) return () => NONE;
  return ({ claims: values, issuer, app }) => {
    const fields: string[] = [];
    for (const [field, claim] of claims) {
      const text = Object.hasOwn(values, claim) ? textOf(values[claim]) : '';
      if (text === '') continue;
      if (UNSAFE.test(text))
        log.debug({ upstream, field, claim, issuer, app }, 'a claim cannot be sent in a field');
      else fields.push(field, PLAIN.test(text) ? text : percentEncode(text, isKept));
    }
    return fields;
  };
}

/** Returns a scalar as text, otherwise an empty one. A larger integer was rounded when the token was parsed. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return isExact(value) ? String(value) : '';
  return typeof value === 'boolean' ? String(value) : '';
}

function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

/** A receiver drops spaces at the ends of a value (RFC 9110 5.5). */
function isKept(byte: number, at: number, { length }: Buffer): boolean {
  if (byte === 0x20) return at > 0 && at < length - 1;
  return byte > 0x20 && byte < 0x7f;
}
