/** The schema of the places in which an issuer's tokens are accepted. */
import { z } from 'zod';
import { isIdentityField, plainName } from '../../model/identity-fields.js';
import { keyOfSource, type TokenSource } from '../../model/token-source.js';
import { ParseError } from '../problem.js';
import { given, list, phrase, TOKEN } from './values.js';

const FORM = 'authorization, {header: NAME}, {cookie: NAME}, {query: NAME} or {websocket_protocol: NAME}';

/** Fields that frame the message, belong to the connection, or are made by the gateway or a proxy. */
const UNFIT =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-.*|expect|origin|proxy-.*|forwarded|x-forwarded-.*|x-real-ip|x-request-id|sec-.*|access-control-.*)$/;

function parseHeader(text: string): string | ParseError {
  if (!TOKEN.test(text)) return new ParseError('must be the name of a header field');
  const name = text.toLowerCase();
  if (name === 'authorization')
    return new ParseError('must be another field; for Authorization write authorization');
  if (name === 'cookie') return new ParseError('must be another field; for a cookie write {cookie: NAME}');
  if (name === 'sec-websocket-protocol')
    return new ParseError('must be another field; for a subprotocol write {websocket_protocol: NAME}');
  const plain = plainName(name);
  return UNFIT.test(plain) || isIdentityField(plain)
    ? new ParseError(`must be a field that only holds a token, which "${text}" is not`)
    : name;
}

function parseParameter(text: string): string | ParseError {
  return /^[\w.~-]+$/.test(text)
    ? text
    : new ParseError('must be the name of a parameter: letters, digits, "-", ".", "_" and "~"');
}

function parseToken(text: string): string | ParseError {
  return TOKEN.test(text)
    ? text
    : new ParseError('must be a name of letters, digits and "-", ".", "_" or the like');
}

const places = z
  .strictObject({
    header: phrase(parseHeader, 'the name of a header field')
      .optional()
      .describe('A header field that holds nothing but the token.'),
    cookie: phrase(parseToken, 'the name of a cookie')
      .optional()
      .describe('A cookie. For unsafe methods and WebSockets only from a page of the same origin.'),
    query: phrase(parseParameter, 'the name of a parameter')
      .optional()
      .describe('A parameter of the query, at WebSocket handshakes only; never forwarded.'),
    websocket_protocol: phrase(parseToken, 'the name of a subprotocol')
      .optional()
      .describe('The subprotocol that a WebSocket handshake offers right after this one; never forwarded.'),
  })
  .transform((place, context): TokenSource => {
    const [named, ...more] = Object.entries(place).filter(([, name]) => name !== undefined);
    if (named && more.length === 0) return { kind: named[0], name: named[1] } as TokenSource;
    // An unknown key is reported already.
    if (context.issues.length === 0)
      context.issues.push({ code: 'custom', message: `must be one of ${FORM}`, input: place });
    return z.NEVER;
  });

const place = z.union([z.literal('authorization').transform((kind): TokenSource => ({ kind })), places], {
  error: given(`must be a list of ${FORM}`),
});

/** The places of an issuer's tokens. */
export const tokenFrom = list(place, `a list of ${FORM}`)
  .refine((all) => new Set(all.map(keyOfSource)).size === all.length, {
    error: 'must not have a place twice',
  })
  .prefault(['authorization'])
  .describe(
    `Where its tokens are accepted, each ${FORM}. The first place that holds a token is used; two different tokens are refused.`,
  );
