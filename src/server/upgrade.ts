/**
 * Which requests to become something else are taken up: WebSockets only. Any other `Upgrade` is ignored, as
 * RFC 9110 7.8 allows, and the request goes on as a plain one.
 *
 * Node hands over every request with an Upgrade field once there is an 'upgrade' listener, so a plain one has to be
 * given back: its head is written again without the field and put before the bytes that follow, and the server takes
 * the connection as if it were new. Node 24 could be asked not to hand it over (`shouldUpgradeCallback`), but tried with
 * 24.21 it then loses what follows in the same packet.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';

/** The same test as the reader's: RFC 6455 4.1, and a GET. */
export function asksForWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/**
 * Waits until the earlier requests of the connection are answered (pipelining). Node hands an upgrade over as soon as it
 * has read it, while the socket may still belong to another answer: a second one on it would throw, or never go out.
 *
 * @returns whether the connection still takes an answer
 */
export async function waitForPipelinedResponses(socket: Duplex): Promise<boolean> {
  const earlier = currentResponse(socket);
  if (!earlier) return true;
  // Node has taken its own listener away, and an error that nobody hears ends the process.
  const destroy = (): void => void socket.destroy();
  socket.on('error', destroy);
  await new Promise((resolve) => earlier.once('close', resolve));
  socket.off('error', destroy);
  if (!socket.writable) return false;
  // The time that an idle connection is kept has begun with the end of that answer.
  if (socket instanceof Socket) socket.setTimeout(0);
  return waitForPipelinedResponses(socket);
}

/**
 * Node takes its own listener away with an upgrade or a CONNECT, and an earlier answer that is larger than the connection
 * takes at once would wait for ever to go on.
 */
export function forwardDrainEvents(socket: Duplex): void {
  socket.on('drain', () => currentResponse(socket)?.emit('drain'));
}

/** The answer that has the connection now. What Node keeps of it is internal: it is read here, and never written. */
function currentResponse(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** Gives a request that stays plain HTTP back to the server that its socket came from. */
export function reinjectAsPlainHttp(req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
  const { server } = socket as Duplex & { server?: Server };
  if (server === undefined) {
    socket.destroy();
    return;
  }
  // The server would add its listeners beside the ones that it has left behind.
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
