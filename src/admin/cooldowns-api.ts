/** The cooldowns of failed attempts at the admin port: list, end. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router } from 'express';
import { ApiError } from './api-error.js';
import type { AdministrationOf } from './apps-api.js';
import { reportRegistry } from './registry-errors.js';

/** Creates the router. Responds 403 to a developer, 404 where there is no such cooldown, 503 where Redis is unavailable. */
export function createCooldownsApi(administrationOf: AdministrationOf): Router {
  const api = Router();
  api.get('/cooldowns', async (req, res) => {
    res.json({ cooldowns: await administrationOf(req).listCooldowns() });
  });
  api.delete('/cooldowns/:id', async (req, res) => {
    if (!(await administrationOf(req).endCooldown(req.params.id)))
      throw new ApiError(404, 'No such cooldown');
    res.status(204).end();
  });
  api.use(reportRegistry);
  return api;
}
