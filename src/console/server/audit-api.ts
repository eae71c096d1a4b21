/** `api/audit` of the console: the last administrative changes, for administrators. */
import { Router } from 'express';
import { ApiError, queryOf } from '../../admin/api-error.js';
import type { AuditTrail } from '../api/administration.js';
import { actorOf } from './session-guard.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/**
 * Creates the router. Responds 403 to a developer.
 *
 * @param list returns the last changes of all workers, the newest first
 */
export function createConsoleAudit(list: (limit: number) => Promise<AuditTrail['entries']>): Router {
  const api = Router({ caseSensitive: true });
  api.get('/audit', async (req, res) => {
    if (actorOf(req).kind !== 'administrator')
      throw new ApiError(403, 'only an administrator may see the audit');
    const { limit } = queryOf(req, ['limit']);
    res.json({ entries: await list(limitOf(limit)) } satisfies AuditTrail);
  });
  return api;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new ApiError(400, `"limit" must be 1 to ${MAX_LIMIT}`);
  return limit;
}
