/** Destroys a response, also one that waits for its turn on a connection. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Destroys a response and its connection. A pipelined response has no connection while an earlier one is being sent; Node 20
 * destroys the connection once the response gets it, Node 24 sends what was written and leaves the connection open.
 */
export function destroyResponse(res: ServerResponse): void {
  // Detached by a tunnel, or finished: it gets no connection any more, and the listener is never called.
  if (res.socket === null) res.once('socket', (socket: Socket) => void socket.destroy());
  res.destroy();
}
