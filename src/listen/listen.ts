/** The face of listen/: opens the public port in front of a gate, and the admin port beside it. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { ClientSettings, ListenAddress, Settings } from '../model/settings.js';
import { adminHandlers } from './admin-port.js';
import { createAdminApp, type Exposition } from './admin.js';
import { createEdge, type Edge, type EdgeOptions, type Start } from './edge.js';
import { createExpressServer } from './express-app.js';
import { startServer, type ServerSettings } from './server.js';

export { createAppsApi } from './apps-api.js';
export { createMounts } from './mounts.js';
export { createEdge, type Edge, type Start } from './edge.js';

export interface ListenOptions extends EdgeOptions {
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  readonly client: ClientSettings;
  /** Whether the gate knows enough to serve; drains aside. */
  readonly canServe: () => boolean;
  readonly metrics: Exposition;
  /** What answers at /api of the admin port now; undefined where there is nothing to administer. */
  readonly appsApi: () => RequestHandler | undefined;
}

export interface Listening {
  readonly address: AddressInfo;
  readonly adminAddress: AddressInfo;
  /** Follows other client times, and for new connections other certificates; addresses stay as they are. */
  follow(settings: Pick<Settings, 'listen' | 'admin' | 'client'>): void;
  /** How many exchanges are under way at the public port. */
  readonly inFlight: () => number;
  /** How many connections are open there. */
  readonly connections: () => Promise<number>;
  /** Readiness off and, a moment later, no new connections; answers close theirs; what is left at the deadline is cut. */
  drain(deadlineMs: number): Promise<void>;
}

/** New connections are taken for so long after readiness went off, or for a tenth of the drain. */
const LONGEST_GRACE_MS = 1000;

export async function listen(options: ListenOptions): Promise<Listening> {
  const { client, newId, log } = options;
  let isReady = false;
  const adminApp = createAdminApp({
    ready: () => isReady && options.canServe(),
    metrics: options.metrics,
    api: options.appsApi,
  });
  const admin = await startServer({
    address: options.admin,
    client,
    classes: {},
    handlers: adminHandlers(adminApp, newId),
    boundsWholeRequest: true,
    log,
  });
  const edge = createEdge(options);
  const gate = await startServer({ address: options.listen, client, ...publicSide(edge), log }).catch(
    async (error: unknown) => {
      await admin.drain(0);
      throw error;
    },
  );
  isReady = true;
  return {
    address: gate.address,
    adminAddress: admin.address,
    follow(settings) {
      gate.follow(settings.listen?.tls, settings.client);
      admin.follow(settings.admin?.tls, settings.client);
    },
    inFlight: edge.inFlight,
    connections: () => gate.connections(),
    async drain(deadlineMs) {
      isReady = false;
      edge.drain();
      // A connection that waits to be accepted when the port closes is reset, so whoever sends them must hear of it first.
      const graceMs = Math.min(LONGEST_GRACE_MS, deadlineMs / 10);
      await sleep(graceMs);
      await gate.drain(deadlineMs - graceMs);
      await admin.drain(0);
    },
  };
}

function publicSide(edge: Edge): Pick<ServerSettings, 'classes' | 'handlers' | 'boundsWholeRequest'> {
  const { app, classes } = createExpressServer();
  app.use((req, res) => edge.handle(req, res));
  const start: Start = (req, res) => {
    // Express reads a target that is no path by url.parse, which warns of some, and finds nothing in others.
    if (req.url?.startsWith('/')) app(req, res);
    else void edge.handle(req, res);
  };
  return {
    classes,
    boundsWholeRequest: false,
    handlers: {
      request: (req, res) => edge.accept(req, res, start),
      upgrade: (req, socket, firstBytes) => void edge.upgrade(req, socket, firstBytes),
      clientError: edge.clientError,
    },
  };
}
