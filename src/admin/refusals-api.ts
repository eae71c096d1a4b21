/** The recent refusals at the admin port: a list, and the decision of one. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router } from 'express';
import type { RefusalFilter } from '../telemetry/recent-refusals.js';
import type { ExplainedRefusal, ListedRefusal } from '../telemetry/refusal-json.js';
import { ApiError, queryOf } from './api-error.js';

export interface RefusalsApiOptions {
  /** Returns the refusals of all workers, the newest first. */
  readonly list: (filter: RefusalFilter) => Promise<readonly ListedRefusal[]>;
  /** Returns the refusal with a request id, of any worker; undefined where none is kept. */
  readonly find: (id: string) => Promise<ExplainedRefusal | undefined>;
}

const DEFAULT_LIMIT = 100;
/** The most refusals of a list. */
export const MAX_LIMIT = 1000;
export const NO_REFUSAL = 'No such refusal is kept';

/** Creates the router. Responds 400 to an unknown parameter and 404 where the refusal is not kept. */
export function createRefusalsApi({ list, find }: RefusalsApiOptions): Router {
  const api = Router();
  api.get('/refusals', async (req, res) => {
    const { limit, app, route } = queryOf(req, ['limit', 'app', 'route']);
    const filter = { limit: limitOf(limit), app, route };
    const [refusals, shadow] = await Promise.all([list(filter), list({ ...filter, shadow: true })]);
    res.json({ refusals, shadow });
  });
  api.get('/refusals/:id', async (req, res) => {
    const found = await find(req.params.id);
    if (!found) throw new ApiError(404, NO_REFUSAL);
    res.json(found);
  });
  return api;
}

/** @throws ApiError 400 unless the text is a number of refusals */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new ApiError(400, `"limit" must be 1 to ${MAX_LIMIT}`);
  return limit;
}
