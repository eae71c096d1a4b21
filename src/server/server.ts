/** The interface of server/: opens the public port and the admin port of a gateway. Called by `src/app/`. */
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { ClientSettings, ListenAddress, Settings } from '../model/settings.js';
import { AdminPort } from './admin-port.js';
import { createAdminApp, createConsoleApp, type Exposition } from '../admin/admin.js';
import { Edge, type EdgeOptions } from './edge.js';
import { createExpressServer } from './express-app.js';
import { startServer, type RunningServer } from './listening-server.js';

export { createMounts } from './mounts.js';
export { decideEarly, type EarlyDecision, type EarlyRules } from './early-decision.js';
export { Edge } from './edge.js';
export { parseRequest, type ParsedRequest } from './parse-request.js';

export interface ListenOptions extends Omit<EdgeOptions, 'app' | 'mounts' | 'explains'> {
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  readonly client: ClientSettings;
  /** Whether the gateway has what it needs to serve; a drain is not considered. */
  readonly canServe: () => boolean;
  readonly metrics: Exposition;
  /** The host names that requests to the admin port may use, in lower case. */
  readonly adminHosts: () => readonly string[];
  /** The current handler of /api at the admin port; undefined where there is no administrator's credential. */
  readonly adminApi: () => RequestHandler | undefined;
  /** The current console; undefined where there is none. */
  readonly console: () => RequestHandler | undefined;
  /** The console's own address; undefined: it is at the admin port. */
  readonly consoleAddress: ListenAddress | undefined;
}

export interface Listening {
  readonly address: AddressInfo;
  readonly adminAddress: AddressInfo;
  /** Of the console's own port; undefined where it is at the admin port. */
  readonly consoleAddress: AddressInfo | undefined;
  /** Applies new client timeouts, and for new connections new certificates; the addresses stay. */
  applySettings(settings: Pick<Settings, 'listen' | 'admin' | 'console' | 'client'>): void;
  /** Returns how many exchanges are in flight at the public port. */
  readonly inFlight: () => number;
  /** Returns how many connections are open at the public port. */
  readonly connections: () => Promise<number>;
  /**
   * Reports not ready and, after the delay, accepts no new connections. Responses close their connections; the remaining
   * ones are closed at the deadline.
   *
   * @param delayMs by default a second, but at most a tenth of the deadline
   */
  drain(deadlineMs: number, delayMs: number | undefined): Promise<void>;
}

const DEFAULT_DELAY_MS = 1000;

/**
 * Opens the admin port, the console's if it has one, then the public port. Rejects where one cannot be opened; the others are
 * then closed again.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  let isReady = false;
  const adminApp = createAdminApp({
    ready: () => isReady && options.canServe(),
    metrics: options.metrics,
    hosts: options.adminHosts,
    api: options.adminApi,
    ...(options.consoleAddress ? {} : { console: options.console }),
  });
  const opened: RunningServer[] = [];
  const open = async <T extends { readonly server: RunningServer }>(opening: Promise<T>): Promise<T> => {
    const result = await opening.catch(async (error: unknown) => {
      await Promise.all(opened.map((server) => server.drain(0)));
      throw error;
    });
    opened.push(result.server);
    return result;
  };
  const { server: admin } = await open(startAdminServer(adminApp, options.admin, options));
  const console = await openConsole(options, open);
  const { edge, server: publicServer } = await open(startPublicServer(options));
  isReady = true;
  return {
    address: publicServer.address,
    adminAddress: admin.address,
    consoleAddress: console?.address,
    applySettings(settings) {
      publicServer.applySettings(settings.listen?.tls, settings.client);
      admin.applySettings(settings.admin?.tls, settings.client);
      console?.applySettings(settings.console?.listen?.tls, settings.client);
    },
    inFlight: () => edge.inFlight,
    connections: () => publicServer.connections(),
    async drain(deadlineMs, delayMs = Math.min(DEFAULT_DELAY_MS, deadlineMs / 10)) {
      isReady = false;
      edge.drain();
      // Closing the port resets connections that wait to be accepted, so their senders must see the readiness first.
      await sleep(delayMs);
      await publicServer.drain(deadlineMs - delayMs);
      await Promise.all([admin.drain(0), console?.drain(0)]);
    },
  };
}

/** Opens the console's own port; undefined where it has none. */
async function openConsole(
  options: ListenOptions,
  open: <T extends { readonly server: RunningServer }>(opening: Promise<T>) => Promise<T>,
): Promise<RunningServer | undefined> {
  const { consoleAddress, adminHosts: hosts, console } = options;
  if (!consoleAddress) return undefined;
  const { server } = await open(
    startAdminServer(createConsoleApp({ hosts, console }), consoleAddress, options),
  );
  return server;
}

/** Opens the admin port, or the console's. */
async function startAdminServer(
  app: RequestListener,
  address: ListenAddress,
  { client, newId, log }: ListenOptions,
): Promise<{ server: RunningServer }> {
  const handlers = new AdminPort(app, newId);
  const server = await startServer({ address, client, classes: {}, handlers, boundsWholeRequest: true, log });
  return { server };
}

/** Opens the public port. Each request passes through Express to the edge. */
async function startPublicServer(options: ListenOptions): Promise<{ edge: Edge; server: RunningServer }> {
  const { app, classes } = createExpressServer();
  const edge = new Edge({ ...options, app });
  app.use((req, res) => edge.handle(req, res));
  const server = await startServer({
    address: options.listen,
    client: options.client,
    classes,
    handlers: edge,
    boundsWholeRequest: false,
    log: options.log,
  });
  return { edge, server };
}
