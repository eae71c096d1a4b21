/** The header of the answer: the upstream's fields, less those of its connection, with the gate's own in their places. */
import type { ServerResponse } from 'node:http';
import type { FlatHeaders } from '../model/refusal.js';
import type { Cors } from '../model/route.js';
import { HOP_BY_HOP, nominate } from './field-names.js';
import { latin1, type RawHeaders } from './raw-headers.js';

/** Fields that may not stand in a trailer, since they frame, route or authenticate a message (RFC 9110 6.5.1). */
const NOT_IN_TRAILERS = [
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'set-cookie',
  'host',
];

/** What the upstream may not say, by the kind of answer. */
export const FORBIDDEN = {
  /** An answer whose end is marked by its length or by the end of the connection. */
  plain: new Set(HOP_BY_HOP),
  /** An answer in chunks, which may announce trailers. */
  chunked: new Set(HOP_BY_HOP.filter((name) => name !== 'trailer')),
  /** An answer that can have no length (RFC 9110 8.6): 204 and 1xx. */
  bodiless: new Set([...HOP_BY_HOP, 'content-length']),
  trailers: new Set([...HOP_BY_HOP, ...NOT_IN_TRAILERS]),
} as const satisfies Record<string, ReadonlySet<string>>;

/**
 * The upstream's fields that pass, with the gate's own after them.
 *
 * @param cors the route's cross-origin rules: where the gate speaks for the route, the upstream's permissions are dropped
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

/** The same without the gate's own, for an interim answer: those stand in the final one. */
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
 * node:http takes a Content-Disposition behind a Content-Length for UTF-8 that it has to encode, and throws or garbles it
 * where it is anything else (its `processHeader`). In front of the length it passes like any other field.
 */
const BEYOND_ASCII = /[^\t\x20-\x7e]/;

/** A head as it goes over the wire, in latin1. */
export function headText(startLine: string, fields: readonly string[]): string {
  let text = `${startLine}\r\n`;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]!}: ${fields[at + 1]!}\r\n`;
  return `${text}\r\n`;
}

/** Trailers that pass, as pairs. None can replace what the gate says in the header. */
export function trailerFields(
  raw: RawHeaders,
  connection: string | undefined,
  responseHeaders: FlatHeaders,
): [name: string, value: string][] {
  const nominated = nominatedBy(connection);
  const pairs: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(raw[at]!);
    const lower = name.toLowerCase();
    if (FORBIDDEN.trailers.has(lower) || nominated?.has(lower) || isReplaced(lower, responseHeaders))
      continue;
    pairs.push([name, latin1(raw[at + 1]!)]);
  }
  return pairs;
}

function nominatedBy(connection: string | undefined): Set<string> | undefined {
  return connection === undefined ? undefined : nominate(connection, undefined);
}

/** Vary is a list that both sides add to: a cache that lost the upstream's part would mix its answers. */
function isReplaced(lower: string, responseHeaders: FlatHeaders): boolean {
  for (let at = 0; at < responseHeaders.length; at += 2) {
    const own = responseHeaders[at]!;
    if (own.length === lower.length && own.toLowerCase() === lower) return lower !== 'vary';
  }
  return false;
}

/** But for the tab. */
const CONTROLS = /[^\t\x20-\x7e\x80-\uffff]/;

/**
 * The reason phrase as a latin1 string of the bytes that came. undici has decoded it as UTF-8, so that what was none is
 * lost: such a phrase, and one that cannot be written again, is left out.
 */
export function fitReason(reason: string): string {
  if (!BEYOND_ASCII.test(reason)) return reason;
  if (reason.includes('\ufffd') || CONTROLS.test(reason)) return '';
  return Buffer.from(reason, 'utf8').toString('latin1');
}

/** Writes the answer's head. Whatever a middleware has set on `res` before stays, but for the names that come now. */
export function writeHead(res: ServerResponse, status: number, reason: string, fields: string[]): void {
  const phrase = fitReason(reason);
  if (res.getHeaderNames().length === 0) {
    res.writeHead(status, phrase, fields);
    return;
  }
  // With fields set before, writeHead would keep only the last of several Set-Cookie.
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]!.toLowerCase() !== 'vary') res.removeHeader(fields[at]!);
  }
  for (let at = 0; at < fields.length; at += 2) res.appendHeader(fields[at]!, fields[at + 1]!);
  res.writeHead(status, phrase);
}
