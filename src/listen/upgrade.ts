/**
 * Which requests to become something else are taken up: WebSockets only. Any other `Upgrade` is ignored, as
 * RFC 9110 7.8 allows, and the request goes on as a plain one.
 *
 * Node 20 hands over every request with an Upgrade field once there is an 'upgrade' listener, so a plain one has to be
 * given back: its head is written again without the field and put before the bytes that follow, and the server takes
 * the connection as if it were new. Node 24 asks first (`shouldUpgradeCallback`) and never comes here for these.
 */
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';

/** The same test as the reader's: RFC 6455 4.1, and a GET. */
export function asksForWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/** Gives a request that stays plain HTTP back to the server that its socket came from. */
export function giveBack(req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
  const { server } = socket as Duplex & { server?: Server };
  if (server === undefined) {
    socket.destroy();
    return;
  }
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
