/** Brings a path into its normal form before it is matched. The upstream receives exactly the form that was matched. */
import type { Refusal } from '../model/refusal.js';
import { ambiguous } from './refusals.js';

/** A path with none of these is its own normal form; most paths have none. */
const NOTABLE = /[^!-~]|[%\\#;]|\/[/.]/;
/** RFC 3986 2.3: letters, digits and `-._~` mean the same whether encoded or not. */
const ENCODED_UNRESERVED = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/gi;
const ENCODED_SLASH = /%2f/i;

type Rule = readonly [pattern: RegExp, refusal: Refusal];

/** Refused in the path as sent. */
const AS_SENT: readonly Rule[] = [
  [/[^!-~]/, ambiguous('the path has a control character or a raw non-ASCII character')],
  [/#/, ambiguous('the path has a #')],
  [/%(?![\da-f]{2})/i, ambiguous('the path has an invalid escape')],
];

/** Refused in the normal form. Decoding unreserved characters hides none of these and may reveal some. */
const ALWAYS: readonly Rule[] = [
  [/\\|%5c/i, ambiguous('the path has a backslash')],
  [/%(?:[01][\da-f]|7f)/i, ambiguous('the path has an encoded control character')],
  [/%25[\da-f]{2}/i, ambiguous('the path is encoded twice')],
];
const EMPTY_SEGMENT = ambiguous('the path has an empty segment');
const DOT_SEGMENT = ambiguous('the path has a dot segment');
/** The upstream may decode an allowed encoded slash, so dots beside one are refused as well. */
const WITHOUT_SEMICOLON: readonly Rule[] = [
  [/;|%3b/i, ambiguous('the path has a semicolon')],
  [/\/\//, EMPTY_SEGMENT],
  [/(?:\/|%2f)\.{1,2}(?:\/|%2f|$)/i, DOT_SEGMENT],
];
/** Where a semicolon is allowed, a server may remove it with what follows and read `/..;a/` as `/../`. */
const WITH_SEMICOLON: readonly Rule[] = [
  [/\/(?:\/|;|%3b)/i, EMPTY_SEGMENT],
  [/(?:\/|%2f)\.{1,2}(?:\/|%2f|;|%3b|$)/i, DOT_SEGMENT],
];
const NOT_UTF8 = ambiguous('the path has an escape that is not UTF-8');

/** Returns the normal form of a path that starts with `/`, or a 400 that says how it could be read in two ways. */
export function normalForm(path: string, allowSemicolon: boolean): string | Refusal {
  if (!NOTABLE.test(path)) return path;
  const sentViolation = firstViolation(AS_SENT, path);
  if (sentViolation) return sentViolation;
  const normal = path.replace(ENCODED_UNRESERVED, decodeURIComponent);
  return (
    firstViolation(ALWAYS, normal) ??
    firstViolation(allowSemicolon ? WITH_SEMICOLON : WITHOUT_SEMICOLON, normal) ??
    (isUtf8(normal) ? normal : NOT_UTF8)
  );
}

/** Returns whether a path contains `%2F`. */
export function hasEncodedSlash(path: string): boolean {
  return path.includes('%') && ENCODED_SLASH.test(path);
}

/**
 * Returns the segments of a normal form, fully decoded, as literals are matched; at most `limit` of them.
 * The `/` at the start separates nothing. One at the end gives an empty last segment.
 */
export function textsOf(path: string, limit: number): string[] {
  const texts = path.slice(1).split('/', limit);
  return path.includes('%') ? texts.map(decodeURIComponent) : texts;
}

function firstViolation(rules: readonly Rule[], path: string): Refusal | undefined {
  for (const [pattern, refusal] of rules) if (pattern.test(path)) return refusal;
  return undefined;
}

/** Servers differ in how they read bytes that are not UTF-8, such as an overlong `%c0%af`. */
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
