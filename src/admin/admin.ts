/** The app of the admin port: liveness, readiness, metrics, /api, the console. `src/server/` serves it, never on the public port. */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import express, { type Express, type RequestHandler } from 'express';
import { requireAllowedHost } from './admin-hosts.js';

export interface AdminOptions {
  /** False while the gateway drains or cannot serve. An unavailable issuer or Redis does not change it. */
  readonly ready: () => boolean;
  readonly metrics: Exposition;
  /** The host names that are accepted besides `localhost` and IP addresses; in lower case. */
  readonly hosts?: () => readonly string[];
  /** The current handler of /api; undefined where there is no administrator's credential. */
  readonly api: () => RequestHandler | undefined;
  /** The current console, below its prefix; undefined where it is switched off or has an address of its own. */
  readonly console?: () => RequestHandler | undefined;
}

/** The metrics in Prometheus's format; a prom-client registry is one. */
export interface Exposition {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** In another thread. */
const compress = promisify(gzip);

const NO_HOSTS = (): readonly string[] => [];
const NONE = (): undefined => undefined;

/** Creates the Express app of the admin port. */
export function createAdminApp(options: AdminOptions): Express {
  const { ready, metrics, hosts = NO_HOSTS, api, console = NONE } = options;
  const app = createGuardedApp(hosts);
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', (_req, res) => {
    if (ready()) res.json({ status: 'ready' });
    else res.status(503).json({ status: 'not ready' });
  });
  app.get('/metrics', createMetricsHandler(metrics));
  app.use('/api', delegateTo(api));
  app.use(delegateTo(console));
  app.use(respondNotFound);
  return app;
}

/** Creates the Express app of a port that has the console alone. */
export function createConsoleApp({
  hosts = NO_HOSTS,
  console = NONE,
}: Pick<AdminOptions, 'hosts' | 'console'>): Express {
  const app = createGuardedApp(hosts);
  app.use(delegateTo(console));
  app.use(respondNotFound);
  return app;
}

/** Compressed where the client accepts it, as Prometheus does: the text of a thousand routes has megabytes. */
function createMetricsHandler(metrics: Exposition): RequestHandler {
  return async (req, res) => {
    const text = await metrics.metrics();
    res.set('Content-Type', metrics.contentType).vary('Accept-Encoding');
    if (req.acceptsEncodings('gzip', 'identity') !== 'gzip') {
      res.end(text);
      return;
    }
    res.set('Content-Encoding', 'gzip').end(await compress(text, { level: constants.Z_BEST_SPEED }));
  };
}

/** An app that caches nothing and accepts the allowed hosts alone. */
function createGuardedApp(hosts: () => readonly string[]): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(requireAllowedHost(hosts));
  return app;
}

/** A reload replaces the handler, so it is asked for at each request. */
function delegateTo(current: () => RequestHandler | undefined): RequestHandler {
  return (req, res, next) => {
    const handler = current();
    if (handler) void handler(req, res, next);
    else next();
  };
}

const respondNotFound: RequestHandler = (_req, res) => {
  res.status(404).json({ errors: [{ code: 34, message: 'No such resource' }] });
};
