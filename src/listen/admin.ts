/** The admin port: whether the process lives, and whether it should get traffic. Never the public port. */
import express, { type Express, type Router } from 'express';

export interface AdminOptions {
  /** False while the gate drains or cannot serve; an issuer or Redis being away does not turn it. */
  readonly ready: () => boolean;
  /** Mounted at /api. */
  readonly api?: Router | undefined;
}

export function createAdminApp({ ready, api }: AdminOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', (_req, res) => {
    if (ready()) res.json({ status: 'ready' });
    else res.status(503).json({ status: 'not ready' });
  });
  if (api) app.use('/api', api);
  app.use((_req, res) => {
    res.status(404).json({ errors: [{ code: 34, message: 'No such resource' }] });
  });
  return app;
}
