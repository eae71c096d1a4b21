/** Parses `application/x-www-form-urlencoded` strictly: a query, a body, or the two halves of HTTP Basic. */

/** Names and values in order of appearance. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** Parses a form. Undefined if a percent-escape is malformed or no UTF-8, which a lenient parser would change. */
export function parseForm(text: string): Pairs | undefined {
  const pairs: (readonly [string, string])[] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = decodeForm(at === -1 ? part : part.slice(0, at));
    const value = at === -1 ? '' : decodeForm(part.slice(at + 1));
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

/** Decodes one name or value. Undefined if a percent-escape is malformed or no UTF-8, or there is a NUL. */
export function decodeForm(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isText(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a parameter contains no NUL, which not every database can look up. */
export function isText(text: string): boolean {
  return !text.includes('\0');
}
