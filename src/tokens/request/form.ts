/** Reads `application/x-www-form-urlencoded`, strictly: a query, a body, or the two halves of HTTP Basic. */

/** Names and values in turn of appearance. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** Undefined where a percent-escape is malformed or no text, which a lenient reader would let through changed. */
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

export function decodeForm(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isText(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** No parameter holds a NUL, which not every database can look up. */
export function isText(text: string): boolean {
  return !text.includes('\0');
}
