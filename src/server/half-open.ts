/**
 * Handles clients that end their side of a connection. Called by `listening-server.ts`.
 *
 * A client that ends its side and waits for the response, as HTTP allows, looks like one that has left: both send a FIN.
 * Pending data is sent, and so is a response that is ready soon. When nothing more is written the client is treated as
 * disconnected, so that it does not occupy an upstream.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { allowHalfOpen } from './node-internals.js';

/** Two quiet checks in a row are required: after a stall, a timer runs before the data that arrived meanwhile is read. */
const CHECK_MS = 40;
const QUIET_CHECKS = 2;

export interface HalfOpenWatcher {
  /** Stops watching a connection that is no longer HTTP. */
  readonly release: (socket: Socket) => void;
}

/**
 * Keeps half-open connections of a server open until nothing has been written for two checks, 40 ms apart.
 *
 * @param event the server's event for a new connection: `connection`, or `secureConnection` with TLS
 */
export function watchHalfOpen(server: Server, event: 'connection' | 'secureConnection'): HalfOpenWatcher {
  allowHalfOpen(server);
  const release = (socket: Socket): void => {
    socket.off('end', onEnd);
  };
  // The server may receive a connection more than once (upgrade.ts).
  server.on(event, (socket: Socket) => {
    socket.off('end', onEnd).on('end', onEnd);
  });
  return { release };
}

function onEnd(this: Socket): void {
  let sent = this.bytesWritten;
  let quiet = 0;
  const check = (): void => {
    // Pending data needs no check: a client that has left answers it with a reset.
    quiet = this.bytesWritten === sent && this.writableLength === 0 ? quiet + 1 : 0;
    sent = this.bytesWritten;
    if (quiet === QUIET_CHECKS) this.destroy();
  };
  const timer = setInterval(check, CHECK_MS);
  this.once('close', () => clearInterval(timer));
}
