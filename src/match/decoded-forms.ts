/**
 * Lists the other paths that a lenient server may read a path as: `%2F` decoded to a slash, the path cut at `%3F`,
 * trailing dots trimmed, and so on. The gateway matches a path in one form only, so each of these could bypass a stricter
 * route. Called by `reachable-routes.ts` for each match and by `match.ts`.
 */

/** A path without any of these has no other form. Trailing slashes and case are handled by `shape.ts` instead. */
const READABLE_FURTHER = /[%;]|\.(?:\/|$)/;

/** Represents a slash inside a segment. No path contains it, since control characters are refused. */
const INNER_SLASH = '\u0001';

/** Best-fit mappings of legacy code pages turn these into a slash or a backslash; NFKC covers only some of them. */
const SLASH_LOOKALIKE = /[\u2044\u2215\u29f8\uff0f\u2216\u29f5\u29f9\ufe68\uff3c]/g;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
const NOT_PLAIN = /[^ -~]/;

/** Bounds the total characters of all forms of a path, so that an unauthenticated request costs a few milliseconds at most. */
const MAX_TOTAL_CHARS = 128 * 1024;

type Reading = (path: string) => string;

/** Each is applied to every earlier form, and the form without it is kept too: servers differ in which of them they do. */
const READINGS: readonly Reading[] = [
  // Unicode compatibility forms: full-width letters, dots and slashes (UAX #15, NFKC), and slash lookalikes.
  (path) =>
    NOT_PLAIN.test(path) ? path.replace(SLASH_LOOKALIKE, '/').replace(IGNORABLE, '').normalize('NFKC') : path,
  // A second round of percent-decoding.
  (path) => path.replace(/(?:%[\da-f]{2})+/gi, decodeOrKeep),
  // An encoded slash or a backslash separates segments.
  (path) => path.replaceAll(INNER_SLASH, '/').replaceAll('\\', '/'),
  // An encoded `?` or `#` ends the path.
  (path) => cutAt(path, /[?#]/),
  // A semicolon begins the parameters of a segment (RFC 3986 3.3).
  (path) => path.replace(/;[^/]*/g, ''),
  // White space around a segment is trimmed, and so are dots and spaces after `..`.
  (path) => eachSegment(path, (text) => text.trim().replace(/^\.\.[. ]+$/, '..')),
  // Windows file names: trailing dots and spaces are trimmed. Dot segments are kept.
  (path) => eachSegment(path, withoutTrailingDots),
];

/** Another path that a server may read. */
export interface DecodedForm {
  /** Its segments, fully decoded; dot segments and empty segments are resolved. */
  readonly segments: string[];
  /** Whether it had a `..` segment, which removed the segment before it. */
  readonly hasParent: boolean;
}

/**
 * Returns every other path that a server may read instead of this one. A path in plain characters gives an empty list and
 * costs one regular expression.
 *
 * @param path in its normal form (`normal-form.ts`), so every escape is valid UTF-8
 * @returns undefined where the path is long and has so many forms that checking each would delay other requests
 */
export function decodedForms(path: string): DecodedForm[] | undefined {
  if (!READABLE_FURTHER.test(path)) return [];
  const texts = path.slice(1).split('/').map(decodeURIComponent);
  const forms = [`/${texts.map((text) => text.replaceAll('/', INNER_SLASH)).join('/')}`];
  for (const read of READINGS) {
    if (forms.length * path.length > MAX_TOTAL_CHARS) return undefined;
    for (const form of [...forms]) {
      const other = read(form);
      if (!forms.includes(other)) forms.push(other);
    }
  }
  return forms.slice(1).map(resolve);
}

/** Removes dot segments (RFC 3986 5.2.4) and reads a run of slashes as one. */
function resolve(form: string): DecodedForm {
  const segments: string[] = [];
  let hasParent = false;
  for (const text of form.split('/')) {
    if (text === '..') {
      segments.pop();
      hasParent = true;
    } else if (text !== '' && text !== '.') segments.push(text.replaceAll(INNER_SLASH, '/'));
  }
  return { segments, hasParent };
}

function eachSegment(path: string, change: (text: string) => string): string {
  return path.split('/').map(change).join('/');
}

/** This is a loop because a regular expression takes quadratic time for a long run of dots that is not at the end. */
function withoutTrailingDots(text: string): string {
  if (text === '.' || text === '..') return text;
  let end = text.length;
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end -= 1;
  return text.slice(0, end);
}

function cutAt(path: string, mark: RegExp): string {
  const at = path.search(mark);
  return at === -1 ? path : path.slice(0, at);
}

function decodeOrKeep(escapes: string): string {
  try {
    return decodeURIComponent(escapes).replaceAll('/', INNER_SLASH);
  } catch {
    return escapes;
  }
}
