/**
 * A client that ends its side of the connection and waits for the answer, as HTTP allows, looks just like one that has
 * left: both send a FIN. What is on its way to the client goes out, and an answer that is ready soon too. Where nothing
 * more comes, the client is held to have left, so that one who has keeps no upstream busy.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Twice in a row nothing may have come, since a look after a stall is due before what has come meanwhile is read. */
const LOOK_MS = 40;
const QUIET_LOOKS = 2;

/** Node's own word for it, missing in its types: without it the answer is cut off as soon as the FIN is there. */
interface HalfOpen {
  httpAllowHalfOpen?: boolean;
}

export interface HalfOpenWatcher {
  /** Keeps off a connection that is no longer HTTP. */
  readonly release: (socket: Socket) => void;
}

/** @param event which tells of a new connection: `connection`, or `secureConnection` with TLS */
export function watchHalfOpen(server: Server, event: 'connection' | 'secureConnection'): HalfOpenWatcher {
  (server as HalfOpen).httpAllowHalfOpen = true;
  const release = (socket: Socket): void => {
    socket.off('end', onEnd);
  };
  // A connection may be handed to the server more than once (upgrade.ts).
  server.on(event, (socket: Socket) => {
    socket.off('end', onEnd).on('end', onEnd);
  });
  return { release };
}

function onEnd(this: Socket): void {
  let sent = this.bytesWritten;
  let quiet = 0;
  const look = (): void => {
    // What waits to be taken shows by itself whether somebody is there: who has left answers with a reset.
    quiet = this.bytesWritten === sent && this.writableLength === 0 ? quiet + 1 : 0;
    sent = this.bytesWritten;
    if (quiet === QUIET_LOOKS) this.destroy();
  };
  const timer = setInterval(look, LOOK_MS);
  this.once('close', () => clearInterval(timer));
}
