/**
 * The console: a web page and its API, below one prefix. `src/app/console.ts` composes it for each gateway instance.
 *
 *   security headers ─┬─ api/ ── same origin ── JSON ── api/session
 *                     │                           └──── session, CSRF ── the other routers
 *                     └─ the files of the page
 */
import express, { Router, type RequestHandler } from 'express';
import { ApiError, createSendError } from '../../admin/api-error.js';
import type { Log } from '../../model/log.js';
import { servePage, type PageFiles } from './page-files.js';
import { setSecurityHeaders } from './security-headers.js';
import { createSessionApi, type SessionApiOptions } from './session-api.js';
import { requireSameOrigin, requireSession } from './session-guard.js';

export { AppDirectory } from './app-directory.js';
export { firstRequests, localOrigin } from './first-requests.js';
export { createSampleApi, type SampleApp, type FindSample } from './sample-api.js';
export { createTrafficApi } from './traffic.js';
export { readPageFiles, type PageFiles } from './page-files.js';
export { actorOf } from './session-guard.js';
export { createSessions, type ConsoleSession } from './sessions.js';

export interface ConsoleOptions extends SessionApiOptions {
  /** The path below which the console is: `/console`. */
  readonly prefix: string;
  readonly files: PageFiles;
  /** The routers of the API, each of which asks `actorOf` who makes a request. */
  readonly routers: readonly Router[];
  readonly log: Log;
}

const BODY_LIMIT = '64kb';

/** Creates the handler of everything below the prefix. It passes other requests on, except that `/` leads to the console. */
export function createConsole(options: ConsoleOptions): RequestHandler {
  const { prefix, files } = options;
  const page = servePage(files);
  const inner = Router({ caseSensitive: true });
  inner.use('/api', createApi(options));
  inner.use(page);
  const outer = Router({ caseSensitive: true });
  outer.use(prefix, setSecurityHeaders, (req, res, next) => {
    // Relative, so that it works where a proxy has put another path before the prefix.
    const [path] = req.originalUrl.split('?');
    if (path === prefix) res.redirect(302, `${prefix.slice(prefix.lastIndexOf('/') + 1)}/`);
    else void inner(req, res, next);
  });
  outer.get('/', setSecurityHeaders, (_req, res) => {
    res.redirect(302, `${prefix.slice(1)}/`);
  });
  return outer;
}

function createApi(options: ConsoleOptions): Router {
  const { clientOf, routers, log } = options;
  const api = Router({ caseSensitive: true });
  api.use(requireSameOrigin(clientOf), express.json({ limit: BODY_LIMIT, strict: false }));
  api.use(createSessionApi(options));
  api.use(requireSession(options));
  for (const router of routers) api.use(router);
  api.use(() => {
    throw new ApiError(404, 'No such resource');
  });
  api.use(createSendError(log));
  return api;
}
