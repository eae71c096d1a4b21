/** The face of server/: opens the public port in front of a gate, and the admin port beside it. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { ClientSettings, ListenAddress, Settings } from '../model/settings.js';
import { adminHandlers } from './admin-port.js';
import { createAdminApp, type Exposition } from '../admin/admin.js';
import { createEdge, type Edge, type EdgeOptions, type Start } from './edge.js';
import { createExpressServer } from './express-app.js';
import { startServer, type ServerSettings } from './listening-server.js';

export { createAppsApi } from '../admin/apps-api.js';
export { createMounts } from './mounts.js';
export { createCredentialGuard, type CredentialGuard } from '../admin/credential-guard.js';
export { createEdge, type Edge, type Start } from './edge.js';

export interface ListenOptions extends EdgeOptions {
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  readonly client: ClientSettings;
  /** Whether the gate knows enough to serve; drains aside. */
  readonly canServe: () => boolean;
  readonly metrics: Exposition;
  /** The host names by which the admin port may be asked, in lower case. */
  readonly adminHosts: () => readonly string[];
  /** What answers at /api of the admin port now; undefined where there is nothing to administer. */
  readonly appsApi: () => RequestHandler | undefined;
}

export interface Listening {
  readonly address: AddressInfo;
  readonly adminAddress: AddressInfo;
  /** Follows other client times, and for new connections other certificates; addresses stay as they are. */
  applySettings(settings: Pick<Settings, 'listen' | 'admin' | 'client'>): void;
  /** How many exchanges are under way at the public port. */
  readonly inFlight: () => number;
  /** How many connections are open there. */
  readonly connections: () => Promise<number>;
  /**
   * Readiness off and, after the delay, no new connections; answers close theirs; what is left at the deadline is cut.
   *
   * @param delayMs undefined: a second, but no more than a tenth of the deadline
   */
  drain(deadlineMs: number, delayMs: number | undefined): Promise<void>;
}

const USUAL_DELAY_MS = 1000;

export async function listen(options: ListenOptions): Promise<Listening> {
  const { client, newId, log } = options;
  let isReady = false;
  const adminApp = createAdminApp({
    ready: () => isReady && options.canServe(),
    metrics: options.metrics,
    hosts: options.adminHosts,
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
    applySettings(settings) {
      gate.applySettings(settings.listen?.tls, settings.client);
      admin.applySettings(settings.admin?.tls, settings.client);
    },
    inFlight: edge.inFlight,
    connections: () => gate.connections(),
    async drain(deadlineMs, delayMs = Math.min(USUAL_DELAY_MS, deadlineMs / 10)) {
      isReady = false;
      edge.drain();
      // A connection that waits to be accepted when the port closes is reset, so whoever sends them must hear of it first.
      await sleep(delayMs);
      await gate.drain(deadlineMs - delayMs);
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
