/** The client's connection, for `response-writer.ts`: whether it is open, whether a head was written, how to break it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { destroyResponse } from '../shared/destroy-response.js';
import type { Exchange } from './exchange.js';

/** Whether the client's connection can still receive the response. */
export function isOpen({ req, res }: Exchange): boolean {
  return !res.destroyed && !isCut(req) && !req.socket.destroyed;
}

/** Whether the request was cut off. A request whose body was read to its end is destroyed too, without an error. */
function isCut(req: IncomingMessage): boolean {
  return req.destroyed && !(req.complete && req.readableEnded);
}

/**
 * Whether a part of the head was written, so that a refusal is too late.
 *
 * @param sink `res`, or the socket of a tunnel
 */
export function hasHeadBegun(res: ServerResponse, sink: ServerResponse | Duplex): boolean {
  // A tunnel detaches the response from its socket before it writes the 101 there.
  return res.headersSent || (sink !== res && res.socket === null);
}

/**
 * Breaks the response visibly: where the connection's end marks the end of the body, it sends a reset.
 *
 * @param sink `res`, or the socket of a tunnel
 * @param isSized whether the response has a Content-Length
 */
export function breakConnection(res: ServerResponse, sink: ServerResponse | Duplex, isSized: boolean): void {
  // Destroying a response that a tunnel has detached would not close the socket.
  if (sink !== res) sink.destroy();
  const { socket } = res;
  const hasMarkedEnd = res.chunkedEncoding || isSized;
  if (!hasMarkedEnd && socket instanceof Socket && !(socket instanceof TLSSocket)) reset(socket);
  destroyResponse(res);
}

/** Resets a connection. Node would end the stream first and send a FIN, which the client may read as the body's end. */
function reset(socket: Socket): void {
  socket.destroySoon = () => socket.destroy();
  socket.resetAndDestroy();
}
