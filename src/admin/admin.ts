/** The admin port: whether the process lives, whether it should get traffic, its metrics. Never the public port. */
import express, { type Express, type RequestHandler } from 'express';
import { mustNameHost } from './admin-hosts.js';

export interface AdminOptions {
  /** False while the gate drains or cannot serve; an issuer or Redis being away does not turn it. */
  readonly ready: () => boolean;
  readonly metrics: Exposition;
  /** The host names by which it may be asked, beside `localhost` and IP addresses; in lower case. */
  readonly hosts?: () => readonly string[];
  /** What answers at /api now; undefined where there is nothing to administer. */
  readonly api: () => RequestHandler | undefined;
}

/** The metrics as Prometheus reads them; a registry of prom-client is one. */
export interface Exposition {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const NO_HOSTS = (): readonly string[] => [];

export function createAdminApp({ ready, metrics, hosts = NO_HOSTS, api }: AdminOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(mustNameHost(hosts));
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
    const answer = api();
    if (answer) void answer(req, res, next);
    else next();
  });
  app.use((_req, res) => {
    res.status(404).json({ errors: [{ code: 34, message: 'No such resource' }] });
  });
  return app;
}
