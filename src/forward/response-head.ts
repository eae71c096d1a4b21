/** Writes the heads of a response to the client, for `response-writer.ts`: interim ones and the final one. */
import type { ServerResponse } from 'node:http';
import type { Exchange } from './exchange.js';
import { changeResponseFields } from './route-changes.js';
import { listOf, type ParsedHeaders, type RawHeaders } from './raw-headers.js';
import { FORBIDDEN, fitReason, headText, passingFields, writeHead } from './response-headers.js';

/**
 * Forwards an interim response (RFC 9110 15.2): Early Hints, Processing and others below 200. It drops one for an
 * HTTP/1.0 client, which knows none; and for a pipelined or slow client, since an upstream may send any number of
 * them.
 */
export function forwardInterim(
  { req, res, admission, responseHeaders }: Exchange,
  raw: RawHeaders,
  status: number,
  headers: ParsedHeaders,
  reason: string,
): void {
  const { socket } = res;
  if (status < 102 || req.httpVersion !== '1.1' || socket === null || socket.writableNeedDrain) return;
  const fields = passingFields(
    raw,
    listOf(headers, 'connection'),
    FORBIDDEN.bodiless,
    responseHeaders,
    admission.route.cors,
  );
  // Node has no public API that writes all fields of one. Before the head, `res` has written nothing.
  socket.write(headText(`HTTP/1.1 ${status} ${fitReason(reason)}`, fields), 'latin1');
}

/**
 * Writes the final head.
 *
 * @param connection the value of the upstream's Connection field
 * @param isChunked whether the upstream's body is chunked, and so may have trailers
 */
export function writeFinalHead(
  exchange: Exchange,
  raw: RawHeaders,
  status: number,
  reason: string,
  connection: string | undefined,
  isChunked: boolean,
): void {
  const { req, res, head, admission, responseHeaders } = exchange;
  const { route } = admission;
  const hasTrailers = isChunked && !hasNoBody(status) && head.method !== 'HEAD' && req.httpVersion !== '1.0';
  const forbidden = status === 204 ? FORBIDDEN.bodiless : hasTrailers ? FORBIDDEN.chunked : FORBIDDEN.plain;
  let fields = passingFields(raw, connection, forbidden, responseHeaders, route.cors);
  if (route.rewrite !== undefined || route.responseHeaders !== undefined)
    fields = changeResponseFields(fields, exchange);
  for (const text of responseHeaders) fields.push(text);
  // After an early response, the rest of the request body could be mistaken for the next request.
  if (!req.complete && !responseHeaders.includes('Connection')) fields.push('Connection', 'close');
  writeHead(res, status, reason, fields);
}

/** Whether a status never has a body (RFC 9110 15.3.5, 15.4.5). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** Whether it is an event stream. With several Content-Type fields a client may use any, so one among them is enough. */
export function isEventStream(types: ParsedHeaders[string]): boolean {
  if (typeof types === 'object') return types.some(isEventStream);
  return types?.toLowerCase().startsWith('text/event-stream') === true;
}

/** Sends a written head as latin1. `flushHeaders` would send it as UTF-8, each byte from 0x80 as two. */
export function flushHead(res: ServerResponse): void {
  res.write('', 'latin1');
}
