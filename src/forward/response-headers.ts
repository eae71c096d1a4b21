/**
 * Builds and writes the response header, for `response-writer.ts` and `tunnel.ts`: the upstream's fields and the
 * gateway's.
 */
import type { ServerResponse } from 'node:http';
import type { FlatHeaders } from '../model/refusal.js';
import type { Cors, ResponseHeaderChanges } from '../model/route.js';
import { HOP_BY_HOP, nominate } from './field-names.js';
import { latin1, type RawHeaders } from './raw-headers.js';

/** Fields that are not allowed in trailers: they frame, route or authenticate a message (RFC 9110 6.5.1). */
const NOT_IN_TRAILERS = [
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'set-cookie',
  'host',
];

/** The fields that are dropped, by the kind of response. */
export const FORBIDDEN = {
  /** A response that ends by its length or with the connection. */
  plain: new Set(HOP_BY_HOP),
  /** A chunked response, which may announce trailers. */
  chunked: new Set(HOP_BY_HOP.filter((name) => name !== 'trailer')),
  /** A response that cannot have a length (RFC 9110 8.6): 204 and 1xx. */
  bodiless: new Set([...HOP_BY_HOP, 'content-length']),
  trailers: new Set([...HOP_BY_HOP, ...NOT_IN_TRAILERS]),
} as const satisfies Record<string, ReadonlySet<string>>;

/**
 * Returns the upstream's allowed fields, followed by the gateway's.
 *
 * @param connection the value of the upstream's Connection field
 * @param cors the route's CORS rules; where the gateway has them, the upstream's Access-Control-* fields are dropped
 */
export function responseFields(
  raw: RawHeaders,
  connection: string | undefined,
  forbidden: ReadonlySet<string>,
  responseHeaders: FlatHeaders,
  cors: Cors | undefined,
): string[] {
  const fields = passingFields(raw, connection, forbidden, responseHeaders, cors);
  for (const text of responseHeaders) fields.push(text);
  return fields;
}

/** Returns the upstream's allowed fields only, for an interim response. The gateway's fields are in the final one. */
export function passingFields(
  raw: RawHeaders,
  connection: string | undefined,
  forbidden: ReadonlySet<string>,
  responseHeaders: FlatHeaders,
  cors: Cors | undefined,
): string[] {
  const nominated = nominatedBy(connection);
  const fields: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(raw[at]!);
    const lower = name.toLowerCase();
    if (forbidden.has(lower) || nominated?.has(lower) || isReplaced(lower, responseHeaders)) continue;
    if (cors !== undefined && lower.startsWith('access-control-')) continue;
    const value = latin1(raw[at + 1]!);
    if (lower === 'content-disposition' && BEYOND_ASCII.test(value)) fields.unshift(name, value);
    else fields.push(name, value);
  }
  return fields;
}

/**
 * After a Content-Length, node:http treats Content-Disposition as UTF-8 to encode, and throws or corrupts any other
 * value (its `processHeader`). Before the length it is written like any other field.
 */
const BEYOND_ASCII = /[^\t\x20-\x7e]/;

/** Formats a head for the wire; the caller writes it as latin1. */
export function headText(startLine: string, fields: readonly string[]): string {
  let text = `${startLine}\r\n`;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]!}: ${fields[at + 1]!}\r\n`;
  return `${text}\r\n`;
}

/**
 * Returns the allowed trailers as pairs. None can replace a header field of the gateway.
 *
 * @param changes the route's changes to the header, which no trailer can undo
 */
export function trailerFields(
  raw: RawHeaders,
  connection: string | undefined,
  responseHeaders: FlatHeaders,
  changes: ResponseHeaderChanges | undefined,
): [name: string, value: string][] {
  const nominated = nominatedBy(connection);
  const pairs: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(raw[at]!);
    const lower = name.toLowerCase();
    if (FORBIDDEN.trailers.has(lower) || nominated?.has(lower) || isReplaced(lower, responseHeaders))
      continue;
    if (changes?.replaced.has(lower)) continue;
    pairs.push([name, latin1(raw[at + 1]!)]);
  }
  return pairs;
}

function nominatedBy(connection: string | undefined): Set<string> | undefined {
  return connection === undefined ? undefined : nominate(connection, undefined);
}

/** Vary is never replaced: a cache without the upstream's part would mix its responses. */
function isReplaced(lower: string, responseHeaders: FlatHeaders): boolean {
  for (let at = 0; at < responseHeaders.length; at += 2) {
    const own = responseHeaders[at]!;
    if (own.length === lower.length && own.toLowerCase() === lower) return lower !== 'vary';
  }
  return false;
}

/** Control characters except the tab. */
const CONTROLS = /[^\t\x20-\x7e\x80-\uffff]/;

/**
 * Returns the reason phrase as a latin1 string of the received bytes. undici has decoded it as UTF-8. Where that lost
 * bytes, or the phrase cannot be written, it returns an empty phrase.
 */
export function fitReason(reason: string): string {
  if (!BEYOND_ASCII.test(reason)) return reason;
  if (reason.includes('\ufffd') || CONTROLS.test(reason)) return '';
  return Buffer.from(reason, 'utf8').toString('latin1');
}

/** Writes the response head. Fields that a middleware has set on `res` stay, unless `fields` has the same name. */
export function writeHead(res: ServerResponse, status: number, reason: string, fields: string[]): void {
  const phrase = fitReason(reason);
  if (res.getHeaderNames().length === 0) {
    res.writeHead(status, phrase, fields);
    return;
  }
  // With fields already set, writeHead would keep only the last of several Set-Cookie.
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]!.toLowerCase() !== 'vary') res.removeHeader(fields[at]!);
  }
  for (let at = 0; at < fields.length; at += 2) res.appendHeader(fields[at]!, fields[at + 1]!);
  res.writeHead(status, phrase);
}
