/**
 * The other paths that a lenient server may read a path as: with `%2F` as a slash, cut at `%3F`, with trailing dots
 * trimmed, and so on. The gate matches a path in one form only, so each of these could lead past a stricter route.
 */

/** What more than one reading needs; a path without it has no other form. A trailing slash and case are not among it. */
const READABLE_FURTHER = /[%;]|\.(?:\/|$)/;

/** Stands for a slash that is part of a segment. No path has it, since control characters are refused. */
const INNER_SLASH = '\u0001';

/** Characters that best-fit mappings of legacy code pages turn into a slash or a backslash; NFKC covers only some. */
const SLASH_LOOKALIKE = /[\u2044\u2215\u29f8\uff0f\u2216\u29f5\u29f9\ufe68\uff3c]/g;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
const NOT_PLAIN = /[^ -~]/;

/** How many characters all forms of a path may have together: a few milliseconds' work for a stranger's request. */
const MOST_TEXT = 128 * 1024;

type Reading = (path: string) => string;

/** Each is applied to the result of those before it, and also left out: servers differ in which of them they do. */
const READINGS: readonly Reading[] = [
  // Unicode compatibility forms: full-width letters, dots and slashes (UAX #15, NFKC), and slash lookalikes.
  (path) =>
    NOT_PLAIN.test(path) ? path.replace(SLASH_LOOKALIKE, '/').replace(IGNORABLE, '').normalize('NFKC') : path,
  // A second round of percent-decoding.
  (path) => path.replace(/(?:%[\da-f]{2})+/gi, decodeOr),
  // An encoded slash or a backslash separates segments.
  (path) => path.replaceAll(INNER_SLASH, '/').replaceAll('\\', '/'),
  // An encoded `?` or `#` ends the path.
  (path) => cutAt(path, /[?#]/),
  // A semicolon begins the parameters of a segment (RFC 3986 3.3).
  (path) => path.replace(/;[^/]*/g, ''),
  // White space around a segment is trimmed, and whatever follows two dots if it is dots and spaces.
  (path) => eachSegment(path, (text) => text.trim().replace(/^\.\.[. ]+$/, '..')),
  // Windows file names: trailing dots and spaces are trimmed. Dot segments stay what they are.
  (path) => eachSegment(path, withoutTrailingDots),
];

/**
 * The segments of every other path that a server may read instead of this one, fully decoded and with dot segments
 * and empty segments resolved. Empty for a path in plain characters, at the cost of one regular expression.
 *
 * @param path in its normal form (`normal-form.ts`), so every escape is valid UTF-8
 * @returns undefined for a long path with so many forms that looking at each would keep other requests waiting
 */
export function decodedForms(path: string): string[][] | undefined {
  if (!READABLE_FURTHER.test(path)) return [];
  const texts = path.slice(1).split('/').map(decodeURIComponent);
  const forms = [`/${texts.map((text) => text.replaceAll('/', INNER_SLASH)).join('/')}`];
  for (const read of READINGS) {
    if (forms.length * path.length > MOST_TEXT) return undefined;
    for (const form of [...forms]) {
      const other = read(form);
      if (!forms.includes(other)) forms.push(other);
    }
  }
  return forms.slice(1).map(segmentsOf);
}

/** RFC 3986 5.2.4, and runs of slashes as one. */
function segmentsOf(form: string): string[] {
  const segments: string[] = [];
  for (const text of form.split('/')) {
    if (text === '..') segments.pop();
    else if (text !== '' && text !== '.') segments.push(text.replaceAll(INNER_SLASH, '/'));
  }
  return segments;
}

function eachSegment(path: string, change: (text: string) => string): string {
  return path.split('/').map(change).join('/');
}

/** A loop, since a regular expression would take quadratic time for a long run of dots that is not at the end. */
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

function decodeOr(escapes: string): string {
  try {
    return decodeURIComponent(escapes).replaceAll('/', INNER_SLASH);
  } catch {
    return escapes;
  }
}
