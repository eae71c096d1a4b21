/** Revocations at the admin port: list, revoke, undo. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router, type Request } from 'express';
import type { RevocationAdministration } from '../tokens/administration-for.js';
import { ApiError, fieldsOf, queryOf, textOf } from './api-error.js';
import { reportRegistry } from './registry-errors.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * Creates the router. Responds 400 to an invalid request, 403 to what the caller may not do, 404 and 409 where there is
 * nothing to undo, and 503 where the store is unavailable.
 *
 * @param revocationsOf returns what the caller of a request may administer
 */
export function createRevocationsApi(revocationsOf: (req: Request) => RevocationAdministration): Router {
  const api = Router();
  api.get('/revocations', async (req, res) => {
    const limit = limitOf(queryOf(req, ['limit'])['limit']);
    const all = await revocationsOf(req).list();
    res.json({ revocations: all.slice(0, limit), total: all.length });
  });
  api.post('/revocations', async (req, res) => {
    const { app, token, issuer } = fieldsOf(req.body, ['app', 'token', 'issuer']);
    const at = issuer === undefined ? undefined : textOf(issuer, 'issuer');
    const revoked = await revocationsOf(req).revoke({
      app: app === undefined && token !== undefined ? undefined : textOf(app, 'app'),
      token: token === undefined ? undefined : textOf(token, 'token'),
      issuer: at,
    });
    if (!revoked) throw new ApiError(404, token === undefined ? 'No such app' : 'No such named token');
    const { id, kind, subject, issuer: name } = revoked;
    res.status(201).json({
      id,
      ...(kind === 'app' ? { app: subject } : { token: subject }),
      ...(name !== undefined && { issuer: name }),
    });
  });
  api.delete('/revocations/:id', async (req, res) => {
    if (!(await revocationsOf(req).undo(req.params.id))) throw new ApiError(404, 'No such revocation');
    res.status(204).end();
  });
  api.use(reportRegistry);
  return api;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new ApiError(400, `"limit" must be 1 to ${MAX_LIMIT}`);
  return limit;
}
