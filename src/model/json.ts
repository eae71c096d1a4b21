/** JSON as files and servers send it, with or without a byte order mark. */

/**
 * Parses JSON, with or without the byte order mark that some servers and editors put before it (RFC 8259 8.1).
 * @throws SyntaxError if the text is not JSON
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
}

/** Writes a value as JSON in ASCII, so that a body is the same bytes in any encoding that a head is written with. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
