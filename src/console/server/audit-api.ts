/** `api/audit` of the console: the administrative changes, for administrators. */
import { Router } from 'express';
import { ApiError, queryOf } from '../../admin/api-error.js';
import type { AuditPosition } from '../../model/audit-record.js';
import type { AuditTrail } from '../api/administration.js';
import { actorOf } from './session-guard.js';

export interface ConsoleAuditOptions {
  /** Returns the last changes of all workers, the newest first. */
  readonly inMemory: (limit: number) => Promise<AuditTrail['entries']>;
  /** Reads a page of the changes in the registry. Undefined without a token service; rejects while it is unavailable. */
  readonly inRegistry: ((limit: number, before: AuditPosition | undefined) => Promise<AuditPage>) | undefined;
}

interface AuditPage {
  readonly records: AuditTrail['entries'];
  readonly next: AuditPosition | undefined;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/**
 * Creates the router. Responds 403 to a developer. While the registry is unavailable the list is that of the memory; a later
 * page is then 503.
 */
export function createConsoleAudit({ inMemory, inRegistry }: ConsoleAuditOptions): Router {
  const api = Router({ caseSensitive: true });
  api.get('/audit', async (req, res) => {
    if (actorOf(req).kind !== 'administrator')
      throw new ApiError(403, 'only an administrator may see the audit');
    const { limit: text, before } = queryOf(req, ['limit', 'before']);
    const limit = limitOf(text);
    const position = before === undefined ? undefined : positionOf(before);
    const page = await inRegistry?.(limit, position).catch(() => undefined);
    if (page) {
      const { records: entries, next } = page;
      const nextText = next ? `${next.atMs}.${next.id}` : null;
      res.json({ entries, next: nextText, kept: 'registry' } satisfies AuditTrail);
      return;
    }
    if (position) throw new ApiError(503, 'The registry is unavailable; try again');
    res.json({ entries: await inMemory(limit), next: null, kept: 'memory' } satisfies AuditTrail);
  });
  return api;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new ApiError(400, `"limit" must be 1 to ${MAX_LIMIT}`);
  return limit;
}

function positionOf(text: string): AuditPosition {
  const [, at, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(text) ?? [];
  if (at === undefined || id === undefined) throw new ApiError(400, '"before" must be the "next" of a page');
  return { atMs: Number(at), id };
}
