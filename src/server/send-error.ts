/** Sends a refusal as a response, and keeps or closes the connection correctly. Called by the files of this folder. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { destroyResponse } from '../shared/destroy-response.js';
import type { RecordedHead } from '../model/record.js';
import type { FlatHeaders, Refusal } from '../model/refusal.js';
import { acceptOf, bodyOf } from './problem-details.js';
import { endBatched } from './response-batcher.js';

/** Bounds how much of an unread body is discarded, and for how long, so that a reset does not destroy the response. */
const DRAIN_BYTES = 256 * 1024;
const DRAIN_MS = 1000;
/** A member of the list, in any case (RFC 9110 10.1.1). */
const EXPECTS_CONTINUE = /(?:^|,)[ \t]*100-continue[ \t]*(?:,|$)/i;

/**
 * Sends a refusal, as problem details where the client prefers them. Where the request body is still arriving the
 * connection is closed: the response is sent first, then the body is discarded for up to a second, since closing at once
 * would reset the connection and could destroy the response (RFC 9112 9.6). Destroys a response that has already begun.
 */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  refusal: Refusal,
  headers: FlatHeaders,
): void {
  if (res.destroyed) return;
  if (res.headersSent) {
    // Too late for a refusal: the closed connection shows the client that the response is incomplete.
    if (!res.writableEnded) destroyResponse(res);
    return;
  }
  const { contentType, text: body, vary } = bodyOf(refusal, acceptOf(req.rawHeaders), headers);
  const fields = headersOf(refusal, contentType, body);
  for (const text of headers) fields.push(text);
  for (const text of vary) fields.push(text);
  sendBody(req, res, refusal.status, fields, body);
}

/**
 * Sends a response with a body in ASCII. Where the request body is still arriving, the connection is closed, as for a
 * refusal.
 */
export function sendBody(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  fields: string[],
  body: string,
): void {
  const closing = !req.complete;
  if (closing && !fields.includes('Connection')) fields.push('Connection', 'close');
  res.writeHead(status, fields);
  if (closing && !expectsContinue(req)) drainThenEnd(req, res, body);
  else endBatched(res, body);
}

/**
 * Sends a refusal as bytes on a socket whose parser has failed, and ends the connection. The body is plain JSON: what
 * failed to parse has no Accept.
 *
 * @param head of the refused request; the response to a HEAD has no body (RFC 9110 9.3.2)
 */
export function sendRawError(
  socket: Duplex,
  refusal: Refusal,
  head: Pick<RecordedHead, 'id' | 'method'>,
): void {
  endSocket(socket, rawRefusal(refusal, head));
}

/**
 * Ends a connection that no parser reads, after its last bytes. It closes when the client ends its side, or after a second.
 * Until then incoming data is discarded: unread, it would hide the client's end.
 */
export function endSocket(socket: Duplex, last = ''): void {
  const deadline = setTimeout(() => socket.destroy(), DRAIN_MS);
  socket.once('close', () => clearTimeout(deadline));
  socket.end(last);
  socket.resume();
}

function rawRefusal(refusal: Refusal, { id, method }: Pick<RecordedHead, 'id' | 'method'>): string {
  const fields = headersOf(refusal, 'application/json', refusal.body);
  // RFC 9110 6.6.1. Node adds it to the responses that it writes itself.
  fields.push('Date', new Date().toUTCString(), 'X-Request-Id', id, 'Connection', 'close');
  let text = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n`;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]!}: ${fields[at + 1]!}\r\n`;
  return method === 'HEAD' ? `${text}\r\n` : `${text}\r\n${refusal.body}`;
}

function headersOf(refusal: Refusal, contentType: string, body: string): string[] {
  return ['Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)), ...refusal.headers];
}

function expectsContinue(req: IncomingMessage): boolean {
  return EXPECTS_CONTINUE.test(req.headers.expect ?? '');
}

function drainThenEnd(req: IncomingMessage, res: ServerResponse, body: string): void {
  let left = DRAIN_BYTES;
  const end = (): void => {
    clearTimeout(timer);
    req.off('data', count).off('end', end).off('close', end);
    res.end();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) end();
  };
  const timer = setTimeout(end, DRAIN_MS);
  req.on('data', count).once('end', end).once('close', end);
  res.write(body, 'latin1');
}
