/** The one reading of a path, made before anything is matched: what is matched is what the upstream gets. */
import type { Refusal } from '../model/refusal.js';
import { ambiguous } from './refusals.js';

/** What makes a path more than plain; most have nothing of it and are their own normal form. */
const NOTABLE = /[^!-~]|[%\\#;]|\/[/.]/;
/** RFC 3986 2.3: letters, digits and `-._~` mean the same encoded or not. */
const ENCODED_UNRESERVED = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/gi;
const ENCODED_SLASH = /%2f/i;

type Rule = readonly [pattern: RegExp, refusal: Refusal];

/** What is refused in a path as it was sent. */
const AS_SENT: readonly Rule[] = [
  [/[^!-~]/, ambiguous('the path has a control character or a raw non-ASCII character')],
  [/#/, ambiguous('the path has a #')],
  [/%(?![\da-f]{2})/i, ambiguous('the path has an invalid escape')],
];

/** What is refused in the normal form. Decoding unreserved characters hides none of it and may bring it to light. */
const ALWAYS: readonly Rule[] = [
  [/\\|%5c/i, ambiguous('the path has a backslash')],
  [/%(?:[01][\da-f]|7f)/i, ambiguous('the path has an encoded control character')],
  [/%25[\da-f]{2}/i, ambiguous('the path is encoded twice')],
];
const EMPTY_SEGMENT = ambiguous('the path has an empty segment');
const DOT_SEGMENT = ambiguous('the path has a dot segment');
/** An allowed encoded slash may become a slash further on, so dots beside one are refused as well. */
const WITHOUT_SEMICOLON: readonly Rule[] = [
  [/;|%3b/i, ambiguous('the path has a semicolon')],
  [/\/\//, EMPTY_SEGMENT],
  [/(?:\/|%2f)\.{1,2}(?:\/|%2f|$)/i, DOT_SEGMENT],
];
/** Where a semicolon is allowed, a server may cut it off with what follows: `/..;a/` is `/../` there. */
const WITH_SEMICOLON: readonly Rule[] = [
  [/\/(?:\/|;|%3b)/i, EMPTY_SEGMENT],
  [/(?:\/|%2f)\.{1,2}(?:\/|%2f|;|%3b|$)/i, DOT_SEGMENT],
];
const NOT_UTF8 = ambiguous('the path has an escape that is not UTF-8');

/** The normal form of a path that starts with `/`, or why it could be read in two ways. */
export function normalForm(path: string, allowSemicolon: boolean): string | Refusal {
  if (!NOTABLE.test(path)) return path;
  const unreadable = firstViolation(AS_SENT, path);
  if (unreadable) return unreadable;
  const normal = path.replace(ENCODED_UNRESERVED, decodeURIComponent);
  return (
    firstViolation(ALWAYS, normal) ??
    firstViolation(allowSemicolon ? WITH_SEMICOLON : WITHOUT_SEMICOLON, normal) ??
    (isUtf8(normal) ? normal : NOT_UTF8)
  );
}

export function hasEncodedSlash(path: string): boolean {
  return path.includes('%') && ENCODED_SLASH.test(path);
}

/**
 * The texts of a normal form's segments, fully decoded, as literals are matched; at most `limit` of them.
 * The `/` at the start separates nothing, and one at the end gives a last text that is empty.
 */
export function textsOf(path: string, limit: number): string[] {
  const texts = path.slice(1).split('/', limit);
  return path.includes('%') ? texts.map(decodeURIComponent) : texts;
}

function firstViolation(rules: readonly Rule[], path: string): Refusal | undefined {
  for (const [pattern, refusal] of rules) if (pattern.test(path)) return refusal;
  return undefined;
}

/** Bytes that are no UTF-8 (an overlong `%c0%af`, say) are read differently from server to server. */
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
