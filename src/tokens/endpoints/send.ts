/** An answer becomes a response, with the connection left in order. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlatHeaders } from '../../model/refusal.js';
import type { EndpointResponse } from './endpoint.js';

/** How much of an unread body is read away, and for how long, so that the answer is not lost to a reset. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1000;

/** RFC 6749 5.1; and where a secret was in the address, nobody is told of the address. */
const NEVER_KEPT = ['Cache-Control', 'no-store', 'Pragma', 'no-cache', 'Referrer-Policy', 'no-referrer'];
const KEPT = ['Referrer-Policy', 'no-referrer'];

/** @param headers fields that every answer of the gate has, `X-Request-Id` among them */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  answer: EndpointResponse,
  headers: FlatHeaders,
): void {
  if (res.headersSent || res.destroyed) return;
  // A body that is still to come could not be told from the next request (RFC 9112 9.6).
  const isUnread = !req.complete;
  res.writeHead(answer.status, [
    'Content-Length',
    String(Buffer.byteLength(answer.body)),
    ...answer.fields,
    ...(answer.fields.includes('Cache-Control') ? KEPT : NEVER_KEPT),
    ...headers,
    ...(isUnread && !headers.includes('Connection') ? ['Connection', 'close'] : []),
  ]);
  if (isUnread && req.headers.expect === undefined) linger(req, res, answer.body);
  else res.end(answer.body);
}

/** Reads on for a moment: closing at once would reset the connection, and could take the answer with it. */
function linger(req: IncomingMessage, res: ServerResponse, body: string): void {
  let left = LINGER_BYTES;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) end();
  };
  const end = (): void => {
    clearTimeout(timer);
    req.off('data', count).off('end', end).off('close', end);
    res.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.on('data', count).once('end', end).once('close', end);
  res.write(body);
  req.resume();
}
