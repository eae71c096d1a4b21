/**
 * Starts a server: bounds its connections, binds Node's events to their handlers, and drains without losing requests.
 * Called by `server.ts` for the public port and the admin port.
 */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Log } from '../model/log.js';
import type { ClientSettings, ListenAddress } from '../model/settings.js';
import { logDroppedConnections } from './log-dropped-connections.js';
import { watchHalfOpen, type HalfOpenWatcher } from './half-open.js';
import { closeListener } from './node-internals.js';
import { createNodeServer, type NodeServer, type NodeServerOptions } from './node-server.js';
import { UnsupportedConnect } from './parse-error.js';
import { forwardDrainEvents } from './upgrade.js';

/** The handlers of a server's events: `Edge` at the public port, `AdminPort` at the other. */
export interface ServerHandlers {
  accept(req: IncomingMessage, res: ServerResponse): void;
  /** Never rejects. Without it, requests for an upgrade are handled as plain HTTP. */
  upgrade?(req: IncomingMessage, socket: Duplex, firstBytes: Buffer): Promise<void>;
  /** Called for bytes that are not a request, or a head that did not arrive in time. */
  handleParseError(error: NodeJS.ErrnoException, socket: Duplex): void;
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
  const { server, applySettings } = createNodeServer(address.tls, client, {
    ...classes,
    boundsWholeRequest,
  });
  logDroppedConnections(server, log);
  const halfOpen = watchHalfOpen(server, address.tls ? 'secureConnection' : 'connection');
  const accept = (req: IncomingMessage, res: ServerResponse): void => handlers.accept(req, res);
  server.on('request', accept).on('checkContinue', accept).on('checkExpectation', accept);
  server.on('clientError', (error, socket) => handlers.handleParseError(error, socket));
  server.on('connect', (_req, socket) => {
    forwardDrainEvents(socket);
    handlers.handleParseError(new UnsupportedConnect(), socket);
  });
  // Node removes tunnels from the server's list of connections, so the drain needs its own.
  const tunnels = handlers.upgrade ? trackTunnels(server, halfOpen, handlers) : new Set<Duplex>();

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
    drain: (deadlineMs) => drain(server, tunnels, deadlineMs),
  };
}

/** Binds upgrades to their handler. Returns the open tunnels, which changes as they open and close. */
function trackTunnels(
  server: NodeServer['server'],
  halfOpen: HalfOpenWatcher,
  handlers: ServerHandlers,
): ReadonlySet<Duplex> {
  const tunnels = new Set<Duplex>();
  server.on('upgrade', (req: IncomingMessage, socket, firstBytes) => {
    // A connection may request an upgrade more than once, where the earlier ones were ignored.
    if (!tunnels.has(socket)) {
      tunnels.add(socket);
      forwardDrainEvents(socket);
      socket.once('close', () => tunnels.delete(socket));
    }
    if (socket instanceof Socket) halfOpen.release(socket);
    void handlers.upgrade?.(req, socket, firstBytes);
  });
  return tunnels;
}

async function drain(
  server: NodeServer['server'],
  tunnels: ReadonlySet<Duplex>,
  deadlineMs: number,
): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_GRACE_MS);
  const deadline = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of tunnels) socket.destroy();
  }, deadlineMs);
  await new Promise<void>((resolve) => closeListener(server, resolve));
  clearInterval(idle);
  clearTimeout(deadline);
  server.closeAllConnections();
}
