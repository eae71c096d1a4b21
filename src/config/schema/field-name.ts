/** The names of header fields in the file: which of them nobody but the gateway may set. */
import { ParseError } from '../problem.js';
import { phrase, TOKEN } from './values.js';

/** Fields that frame a message or belong to one connection (RFC 9110 7.6.1). Only the gateway sets them. */
const FRAMING =
  /^(connection|content-length|expect|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;
/** Fields in which the gateway identifies the caller. Upstreams trust them. */
const IDENTITY = /^x-(app|token)-/i;
/** Fields with a meaning of their own, none of which is one address. */
const NO_ADDRESS = /^(authorization|cookie|origin|x-request-id|x-forwarded-(host|proto|port|prefix))$/i;
/** Fields with a chain of addresses. */
const CHAIN = /^(x-forwarded-for|forwarded)$/i;

/** Tells whether a field is one in which the gateway identifies the caller. */
export function identifiesCaller(name: string): boolean {
  return IDENTITY.test(name);
}

/** Parses the name of a field that the file may set or remove. */
export function parseFieldName(text: string): string | ParseError {
  if (!TOKEN.test(text)) return new ParseError('is not the name of a header field');
  // RFC 9110 5.6.2 allows a star in a name, but here it is most likely meant as a pattern.
  if (text.includes('*')) return new ParseError('is no pattern: fields are named one by one');
  return FRAMING.test(text)
    ? new ParseError('is set by the gateway itself and cannot be changed here')
    : text;
}

/** The schema of the name of the field in which a trusted proxy sends the client's address. */
export const clientIpHeader = phrase((text) => {
  if (CHAIN.test(text))
    return new ParseError(
      `must be a field with one address; ${text} has a chain, and is read without this key`,
    );
  const name = parseFieldName(text);
  if (name instanceof ParseError || identifiesCaller(text) || NO_ADDRESS.test(text)) {
    return new ParseError('must be the name of a field with an address, such as CF-Connecting-IP');
  }
  return name;
}, 'the name of a header field');
