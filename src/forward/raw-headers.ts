/** undici's two forms of a response header, and how to read a field from each; for all of forward/. */

/** The raw form: alternating names and values, as the received bytes. */
export type RawHeaders = readonly (Buffer | string)[];

/**
 * The parsed form, by names in lower case. Every field can be a list, since an upstream can send any field twice. (In
 * node:http's type some cannot, since node:http drops the second.)
 */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads a field of the parsed form. Several lines of a field are joined to one list (RFC 9110 5.3).
 *
 * @param name in lower case
 */
export function listOf(headers: ParsedHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/**
 * Reads a field of the raw form. Several lines of a field are joined to one list (RFC 9110 5.3).
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
