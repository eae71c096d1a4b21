/** Where in a request an issuer's tokens may be. */

/** One place of a request that can hold a token. */
export type TokenSource =
  /** The Authorization field, as one Bearer token (RFC 6750 2.1). */
  | { readonly kind: 'authorization' }
  /** A header field that holds nothing else; its name in lower case. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  /** A parameter of the query, at WebSocket handshakes only. */
  | { readonly kind: 'query'; readonly name: string }
  /** The subprotocol that a WebSocket handshake offers right after the one with this name. */
  | { readonly kind: 'websocket_protocol'; readonly name: string };

/** The places of an issuer that names none. */
export const USUAL_TOKEN_SOURCES: readonly TokenSource[] = Object.freeze([{ kind: 'authorization' }]);

/** A text that is equal for equal places only. */
export function keyOfSource(source: TokenSource): string {
  return source.kind === 'authorization' ? source.kind : `${source.kind} ${source.name}`;
}
