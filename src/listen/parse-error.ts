/** The answer to bytes that Node's parser gave up on, which never become a request: 400, 408 or 431. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal, type RefusalReason } from '../model/refusal.js';
import { rawRefusal } from './answer.js';
import { UnsupportedConnect } from './server.js';

const REASONS: Readonly<Record<string, RefusalReason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * @param pending the answer that is still going out on the same connection (pipelining): an error's bytes must not
 *   be taken for part of it, so they wait for its end
 */
export function answerParseError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  pending: ServerResponse | undefined,
  requestId: string,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // Node takes its own listener away after a CONNECT, and an error that nobody hears ends the process.
  socket.on('error', () => socket.destroy());
  if (pending && !pending.writableFinished) {
    if (pending.req.complete) {
      pending.once('close', () => answerParseError(error, socket, undefined, requestId));
      return;
    }
    // What failed is the body of the very request that is under way: it can only be answered before its answer began,
    // and while no earlier one has the socket.
    if (pending.headersSent || pending.socket === null) {
      socket.destroy();
      return;
    }
  }
  socket.end(rawRefusal(refusalOf(error), requestId), () => socket.destroy());
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  if (error instanceof UnsupportedConnect) return new Refusal('method_not_allowed', ['Allow', '']);
  return new Refusal(REASONS[error.code ?? ''] ?? 'malformed_request');
}
