/** The two forms in which undici hands over the header of a response, and how to read one field from either. */

/** The raw form: names and values in turn, as the bytes that came. */
export type RawHeaders = readonly (Buffer | string)[];

/**
 * The parsed form, by names in lower case. Every field can be a list, also one that may stand only once: an upstream
 * can send any field twice. (The type of node:http says otherwise, since node:http drops the second.)
 */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads a field of the parsed form. Several lines of a field are one list (RFC 9110 5.3).
 *
 * @param name in lower case
 */
export function listOf(headers: ParsedHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/**
 * Reads a field of the raw form. Several lines of a field are one list (RFC 9110 5.3).
 *
 * @param name in lower case
 */
export function fieldOf(raw: RawHeaders, name: string): string | undefined {
  let list: string | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    if (latin1(raw[at]!).toLowerCase() !== name) continue;
    const value = latin1(raw[at + 1]!);
    list = list === undefined ? value : `${list}, ${value}`;
  }
  return list;
}

/** Decodes a name or a value byte for byte (RFC 9110 5.5). */
export function latin1(text: Buffer | string): string {
  return typeof text === 'string' ? text : text.toString('latin1');
}
