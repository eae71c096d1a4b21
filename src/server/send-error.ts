/** A refusal becomes a response: its status, its JSON body and its fields, with the connection left in order. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RecordedHead } from '../model/record.js';
import type { FlatHeaders, Refusal } from '../model/refusal.js';
import { endBatched } from './response-batcher.js';

/** How much of an unread body is read away, and for how long, so that the answer is not lost to a reset. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1000;
/** A member of the list, whatever its case (RFC 9110 10.1.1). */
const EXPECTS_CONTINUE = /(?:^|,)[ \t]*100-continue[ \t]*(?:,|$)/i;

/**
 * Answers with a refusal. After one whose request body is still coming the connection is closed: the answer goes out
 * first, then what is in flight is read away for a moment, since closing at once would reset the connection and could
 * take the answer with it (RFC 9112 9.6).
 */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  refusal: Refusal,
  headers: FlatHeaders,
): void {
  if (res.destroyed) return;
  if (res.headersSent) {
    // Too late for a refusal: the client learns from the closed connection that the response is not whole.
    if (!res.writableEnded) res.destroy();
    return;
  }
  const closing = !req.complete;
  const fields = headersOf(refusal);
  for (const text of headers) fields.push(text);
  if (closing && !fields.includes('Connection')) fields.push('Connection', 'close');
  res.writeHead(refusal.status, fields);
  if (closing && !expectsContinue(req)) drainThenEnd(req, res, refusal.body);
  else endBatched(res, refusal.body);
}

/**
 * The same answer as bytes, on a socket that Node's parser has given up on. The connection ends with it.
 *
 * @param head of the request that it is for; a HEAD gets the fields alone (RFC 9110 9.3.2)
 */
export function sendRawError(
  socket: Duplex,
  refusal: Refusal,
  head: Pick<RecordedHead, 'id' | 'method'>,
): void {
  endSocket(socket, rawRefusal(refusal, head));
}

/**
 * Ends a connection that no parser reads, behind its last bytes: at once where the client ends its side too, else after a
 * moment in which what still comes is read away. Unread, it would hide the client's end for ever.
 */
export function endSocket(socket: Duplex, last = ''): void {
  const deadline = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(deadline));
  socket.end(last);
  socket.resume();
}

function rawRefusal(refusal: Refusal, { id, method }: Pick<RecordedHead, 'id' | 'method'>): string {
  const fields = headersOf(refusal);
  // RFC 9110 6.6.1. Node adds it to the responses that it writes itself.
  fields.push('Date', new Date().toUTCString(), 'X-Request-Id', id, 'Connection', 'close');
  let text = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n`;
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]!}: ${fields[at + 1]!}\r\n`;
  return method === 'HEAD' ? `${text}\r\n` : `${text}\r\n${refusal.body}`;
}

function headersOf(refusal: Refusal): string[] {
  return [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(refusal.body)),
    ...refusal.headers,
  ];
}

function expectsContinue(req: IncomingMessage): boolean {
  return EXPECTS_CONTINUE.test(req.headers.expect ?? '');
}

function drainThenEnd(req: IncomingMessage, res: ServerResponse, body: string): void {
  let left = LINGER_BYTES;
  const end = (): void => {
    clearTimeout(timer);
    req.off('data', count).off('end', end).off('close', end);
    res.end();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.on('data', count).once('end', end).once('close', end);
  res.write(body, 'latin1');
}
