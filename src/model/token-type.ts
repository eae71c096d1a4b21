/** The `typ` of a token's header: which kinds of JWT an issuer's access tokens may be (RFC 7519 5.1, RFC 8725 3.11). */

/** Accepted types in their short lower-case form; `undefined` stands for a header without `typ`. */
export type TokenTypes = ReadonlySet<string | undefined>;

/** What an issuer's tokens may be when its configuration does not say (RFC 7519 5.1 and RFC 9068 4). */
export const USUAL_TOKEN_TYPES: TokenTypes = new Set([undefined, 'jwt', 'at+jwt']);

/** The type of SPIFFE's tokens, whose keys have the use `jwt-svid` (SPIFFE JWT-SVID 2.3 and 4.3). */
const SVID_TYPE = 'jose';

/** A media type as it is compared: without regard to case, and with or without `application/` (RFC 7515 4.1.9). */
export function tokenTypeOf(typ: string): string {
  const text = typ.toLowerCase();
  const short = text.startsWith('application/') ? text.slice('application/'.length) : text;
  // Only a type without a further slash may leave the prefix out.
  return short.includes('/') ? text : short;
}

/** Whether keys of the use `jwt-svid` may verify an issuer's tokens. */
export function acceptsSvid(types: TokenTypes): boolean {
  return types.has(SVID_TYPE);
}
