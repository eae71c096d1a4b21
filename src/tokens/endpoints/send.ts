/** Writes an endpoint's response to the client and handles a request body that was not read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlatHeaders } from '../../model/refusal.js';
import type { EndpointResponse } from './endpoint.js';

/** How much of an unread body is discarded, and for how long, so that a reset does not lose the response. */
const DRAIN_BYTES = 256 * 1024;
const DRAIN_MS = 1000;

/** RFC 6749 5.1. A secret may have been in the URL, so no referrer is sent. */
const NO_STORE = ['Cache-Control', 'no-store', 'Pragma', 'no-cache', 'Referrer-Policy', 'no-referrer'];
const CACHEABLE = ['Referrer-Policy', 'no-referrer'];

/**
 * Sends the response, unless one has begun or the connection is closed.
 *
 * @param headers the fields of every response of the gateway, including `X-Request-Id`
 */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  response: EndpointResponse,
  headers: FlatHeaders,
): void {
  if (res.headersSent || res.destroyed) return;
  // Unread bytes would be parsed as the next request (RFC 9112 9.6), so the connection closes.
  const isUnread = !req.complete;
  res.writeHead(response.status, [
    'Content-Length',
    String(Buffer.byteLength(response.body)),
    ...response.fields,
    ...(response.fields.includes('Cache-Control') ? CACHEABLE : NO_STORE),
    ...headers,
    ...(isUnread && !headers.includes('Connection') ? ['Connection', 'close'] : []),
  ]);
  if (isUnread && req.headers.expect === undefined) drainThenEnd(req, res, response.body);
  else res.end(response.body);
}

/** Discards the body, then ends the response. Closing at once would reset the connection and could lose it. */
function drainThenEnd(req: IncomingMessage, res: ServerResponse, body: string): void {
  let left = DRAIN_BYTES;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) end();
  };
  const end = (): void => {
    clearTimeout(timer);
    req.off('data', count).off('end', end).off('close', end);
    res.end();
  };
  const timer = setTimeout(end, DRAIN_MS);
  req.on('data', count).once('end', end).once('close', end);
  res.write(body);
  req.resume();
}
