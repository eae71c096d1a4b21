/** The app of the admin port: liveness, readiness, metrics, /api. `src/server/` serves it, never on the public port. */
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
}

/** The metrics in Prometheus's format; a prom-client registry is one. */
export interface Exposition {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const NO_HOSTS = (): readonly string[] => [];

/** Creates the Express app of the admin port. */
export function createAdminApp({ ready, metrics, hosts = NO_HOSTS, api }: AdminOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(requireAllowedHost(hosts));
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', (_req, res) => {
    if (ready()) res.json({ status: 'ready' });
    else res.status(503).json({ status: 'not ready' });
  });
  app.get('/metrics', async (_req, res) => {
    res.set('Content-Type', metrics.contentType).send(await metrics.metrics());
  });
  app.use('/api', (req, res, next) => {
    const handler = api();
    if (handler) void handler(req, res, next);
    else next();
  });
  app.use((_req, res) => {
    res.status(404).json({ errors: [{ code: 34, message: 'No such resource' }] });
  });
  return app;
}
