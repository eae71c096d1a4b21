/** The `typ` of a token's header: which kinds of JWT are accepted from an issuer (RFC 7519 5.1, RFC 8725 3.11). */

/** Accepted types in their short lower-case form; `undefined` accepts a header without `typ`. */
export type TokenTypes = ReadonlySet<string | undefined>;

/** The accepted types of an issuer whose configuration has none (RFC 7519 5.1 and RFC 9068 4). */
export const USUAL_TOKEN_TYPES: TokenTypes = new Set([undefined, 'jwt', 'at+jwt']);

/** The type of SPIFFE's tokens, whose keys have the use `jwt-svid` (SPIFFE JWT-SVID 2.3 and 4.3). */
const SVID_TYPE = 'jose';

/** Normalizes a `typ` for comparison: in lower case, and without `application/` (RFC 7515 4.1.9). */
export function tokenTypeOf(typ: string): string {
  const text = typ.toLowerCase();
  const short = text.startsWith('application/') ? text.slice('application/'.length) : text;
  // Only a type without a further slash may omit the prefix.
  return short.includes('/') ? text : short;
}

/** Tells whether keys with the use `jwt-svid` may verify an issuer's tokens. */
export function acceptsSvid(types: TokenTypes): boolean {
  return types.has(SVID_TYPE);
}
