/**
 * What this folder uses of Node beyond its documented interface, in one place. `test/server/node-internals.test.ts` fails
 * where a version of Node changes any of it.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';

/** Returns whether Node will close the connection after a response. The property is only read. */
export function closesConnection(res: ServerResponse): boolean {
  const { _last: closes } = res as ServerResponse & { _last?: boolean };
  return closes === true;
}

/** Returns the response to which a connection is assigned, if any. The property is only read. */
export function currentResponse(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** Returns the server that accepted a connection. */
export function serverOf(socket: Duplex): NetServer | undefined {
  return (socket as Duplex & { server?: NetServer }).server;
}

/**
 * Keeps a connection open for its responses after the client has ended its side. By default Node destroys it as soon as
 * the FIN arrives.
 */
export function allowHalfOpen(server: Server): void {
  (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
}

/**
 * Stops accepting connections and leaves the open ones alone. `http.Server.close` also closes idle connections at once,
 * and resets requests in transit on them.
 *
 * @param onClosed called when the last connection has closed
 */
export function closeListener(server: Server, onClosed: () => void): void {
  NetServer.prototype.close.call(server, onClosed);
}
