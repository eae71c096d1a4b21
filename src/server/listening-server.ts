/**
 * Starts a server: bounds its connections, binds Node's events to their handlers, and drains without losing requests.
 * Called by `server.ts` for the public port and the admin port.
 */
import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import { Server as NetServer, Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Log } from '../model/log.js';
import type { ClientSettings, ListenAddress } from '../model/settings.js';
import { logDroppedConnections } from './log-dropped-connections.js';
import { watchHalfOpen } from './half-open.js';
import { createNodeServer, type NodeServer, type NodeServerOptions } from './node-server.js';
import { UnsupportedConnect } from './parse-error.js';
import { forwardDrainEvents } from './upgrade.js';

export interface ServerHandlers {
  readonly request: RequestListener;
  readonly upgrade?: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => void;
  /** Called for bytes that are not a request, or a head that did not arrive in time. */
  readonly clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
}

export interface ServerSettings {
  readonly address: ListenAddress;
  readonly client: ClientSettings;
  readonly classes: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>;
  readonly handlers: ServerHandlers;
  readonly boundsWholeRequest: NodeServerOptions['boundsWholeRequest'];
  readonly log: Log;
}

export interface RunningServer {
  readonly address: AddressInfo;
  readonly applySettings: NodeServer['applySettings'];
  /** Returns the number of open connections, tunnels included. */
  connections(): Promise<number>;
  /** Accepts no new connections, lets exchanges finish, and closes the remaining connections at the deadline. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * How many connections may wait to be accepted, as far as the system allows (`somaxconn`). In a larger burst the rest
 * connect a second later, when their systems retry. Node's default of 511 is too small for a burst.
 */
const BACKLOG = 4096;

/** Idle connections are closed this long after a drain began, so that a request in transit is not reset. */
const IDLE_GRACE_MS = 300;

/** Opens the port; rejects with Node's error where that fails, such as EADDRINUSE. */
export async function startServer({
  address,
  client,
  classes,
  handlers,
  boundsWholeRequest,
  log,
}: ServerSettings): Promise<RunningServer> {
  const { server, applySettings } = createNodeServer(
    address.tls,
    client,
    { ...classes, boundsWholeRequest },
    handlers.request,
  );
  logDroppedConnections(server, log);
  const halfOpen = watchHalfOpen(server, address.tls ? 'secureConnection' : 'connection');

  // Node removes tunnels from the server's list of connections, so the drain needs its own.
  const tunnels = new Set<Duplex>();
  const { upgrade } = handlers;
  if (upgrade) {
    server.on('upgrade', (req: IncomingMessage, socket, firstBytes) => {
      // A connection may request an upgrade more than once, where the earlier ones were ignored.
      if (!tunnels.has(socket)) {
        tunnels.add(socket);
        forwardDrainEvents(socket);
        socket.once('close', () => tunnels.delete(socket));
      }
      if (socket instanceof Socket) halfOpen.release(socket);
      upgrade(req, socket, firstBytes);
    });
  }
  server.on('checkContinue', handlers.request);
  server.on('checkExpectation', handlers.request);
  server.on('clientError', handlers.clientError);
  server.on('connect', (_req, socket) => {
    forwardDrainEvents(socket);
    handlers.clientError(new UnsupportedConnect(), socket);
  });

  await new Promise<void>((resolve, reject) => {
    const { port, host } = address;
    server.once('error', reject).listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });

  return {
    address: server.address() as AddressInfo,
    applySettings,
    connections: () =>
      new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count))),
    drain(deadlineMs) {
      const closed = new Promise<void>((resolve) => {
        // http.Server.close would reset idle connections at once, and with them requests in transit.
        NetServer.prototype.close.call(server, () => resolve());
      });
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_GRACE_MS);
      const deadline = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }, deadlineMs);
      return closed.finally(() => {
        clearInterval(idle);
        clearTimeout(deadline);
        server.closeAllConnections();
      });
    },
  };
}
