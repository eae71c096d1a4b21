/** /api of the admin port: its routers, all behind the administrator's credential. `src/app/admin-api.ts` opens it. */
import express, { Router } from 'express';
import type { Log } from '../model/log.js';
import { createSendError } from './api-error.js';
import { requireCredential, type CheckCredential } from './require-credential.js';

export interface AdminApiOptions {
  /** Compares the administrator's credential, and delays wrong ones. */
  readonly checkCredential: CheckCredential;
  readonly routers: readonly Router[];
  readonly log: Log;
}

const BODY_LIMIT = '64kb';

/** Creates the router of /api. Responds 401 and 429 to a wrong credential, before a body is read, and 413 to a large body. */
export function createAdminApi({ checkCredential, routers, log }: AdminApiOptions): Router {
  const api = Router();
  api.use(requireCredential(checkCredential), express.json({ limit: BODY_LIMIT }));
  for (const router of routers) api.use(router);
  api.use(createSendError(log));
  return api;
}
