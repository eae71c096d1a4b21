/**
 * Handles upgrade requests. Only WebSockets are accepted. Any other `Upgrade` is ignored, as RFC 9110 7.8 allows, and the
 * request is handled as plain HTTP. Called by `edge.ts` and `listening-server.ts`.
 *
 * With an 'upgrade' listener Node detaches every request with an Upgrade field, so a plain one has to be reinjected: its
 * head is written again without the field and put before the bytes that follow, and the server receives the connection as
 * if it were new. Node 24 has `shouldUpgradeCallback` for this, but 24.21 then loses what follows in the same packet.
 */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { currentResponse, serverOf } from './node-internals.js';

/** Returns whether a request asks for a WebSocket: a GET with `Upgrade: websocket` (RFC 6455 4.1), as in `read.ts`. */
export function asksForWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/**
 * Waits until the responses to earlier requests of the connection are complete (pipelining). Node emits an upgrade as soon
 * as it is read, while the socket may still belong to another response: a second one would throw or never be sent.
 *
 * @returns whether the connection is still writable
 */
export async function waitForPipelinedResponses(socket: Duplex): Promise<boolean> {
  const earlier = currentResponse(socket);
  if (!earlier) return true;
  // Node has removed its own listener, and an unhandled error would end the process.
  const destroy = (): void => void socket.destroy();
  socket.on('error', destroy);
  await new Promise((resolve) => earlier.once('close', resolve));
  socket.off('error', destroy);
  if (!socket.writable) return false;
  // The end of that response has started the idle timeout.
  if (socket instanceof Socket) socket.setTimeout(0);
  return waitForPipelinedResponses(socket);
}

/**
 * Forwards a socket's `drain` events to its current response. Node removes its own listener at an upgrade or a CONNECT,
 * and an earlier response that exceeds the socket's buffer would stall for ever.
 */
export function forwardDrainEvents(socket: Duplex): void {
  socket.on('drain', () => currentResponse(socket)?.emit('drain'));
}

/** Returns a plain HTTP request to the server of its socket; destroys a socket that has no server. */
export function reinjectAsPlainHttp(req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
  const server = serverOf(socket);
  if (server === undefined) {
    socket.destroy();
    return;
  }
  // The server adds these listeners again, so remove the old ones.
  socket.removeAllListeners('resume').removeAllListeners('pause');
  socket.unshift(Buffer.concat([Buffer.from(plainHead(req), 'latin1'), firstBytes]));
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}

function plainHead(req: IncomingMessage): string {
  let head = `${req.method ?? ''} ${req.url ?? ''} HTTP/${req.httpVersion}\r\n`;
  const { rawHeaders } = req;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.toLowerCase() !== 'upgrade') head += `${name}: ${rawHeaders[at + 1]!}\r\n`;
  }
  return `${head}\r\n`;
}
