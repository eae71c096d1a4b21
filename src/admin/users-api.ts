/** The users at the admin port: list, add, delete. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router } from 'express';
import { ApiError, fieldsOf, textOf } from './api-error.js';
import { scopesOf, type AdministrationOf } from './apps-api.js';
import { reportRegistry } from './registry-errors.js';

/**
 * Creates the router. Responds 400 to an invalid request, 403 to a developer, 404 where there is no such user, and 503
 * where the registry is unavailable. No response has a password or its hash.
 */
export function createUsersApi(administrationOf: AdministrationOf): Router {
  const api = Router();
  api.get('/users', async (req, res) => {
    res.json({ users: await administrationOf(req).listUsers() });
  });
  api.post('/users', async (req, res) => {
    const fields = fieldsOf(req.body, ['name', 'password', 'scopes', 'organization']);
    const { scopes, organization } = fields;
    const user = await administrationOf(req).addUser(
      textOf(fields['name'], 'name'),
      textOf(fields['password'], 'password'),
      scopes === undefined ? [] : scopesOf(scopes),
      organization === undefined ? undefined : textOf(organization, 'organization'),
    );
    res.status(201).json(user);
  });
  api.delete('/users/:name', async (req, res) => {
    if (!(await administrationOf(req).deleteUser(req.params.name))) throw new ApiError(404, 'No such user');
    res.status(204).end();
  });
  api.use(reportRegistry);
  return api;
}
