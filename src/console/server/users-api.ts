/** `api/users` of the console, for administrators. The rest of the operations is that of the admin port's router. */
import { Router } from 'express';
import { fieldsOf } from '../../admin/api-error.js';
import type { AdministrationOf } from '../../admin/apps-api.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import type { Users } from '../api/administration.js';

/** Creates the router. Responds 403 to a developer. It passes all but the list on, an empty organization as none. */
export function createConsoleUsers(administrationOf: AdministrationOf): Router {
  const api = Router({ caseSensitive: true });
  api.get('/users', async (req, res) => {
    const users = await administrationOf(req).listUsers();
    res.json({
      users: users.map(({ name, organization = '', scopes }) => ({ name, organization, scopes })),
    } satisfies Users);
  });
  api.post('/users', (req, _res, next) => {
    const { organization, ...rest } = fieldsOf(req.body, ['name', 'password', 'organization', 'scopes']);
    req.body = organization === '' ? rest : { ...rest, ...(organization !== undefined && { organization }) };
    next();
  });
  api.use(reportRegistry);
  return api;
}
