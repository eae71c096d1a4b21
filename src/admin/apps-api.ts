/** The apps API of the admin port: apps and their named tokens. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router, type Request } from 'express';
import { isScopeToken } from '../model/scope.js';
import type { AppPatch, AppRequest } from '../tokens/administration.js';
import type { ActorAdministration } from '../tokens/administration-for.js';
import { ApiError, fieldsOf, queryOf, textOf } from './api-error.js';
import { reportRegistry } from './registry-errors.js';

/** Returns what the caller of a request may administer. */
export type AdministrationOf = (req: Request) => ActorAdministration;

const NO_APP = 'No such app';

/**
 * Creates the router. Responds 400 to an invalid request, 403 to what the caller may not do, 404 where the caller sees no
 * such app, and 503 where the registry is unavailable.
 */
export function createAppsApi(administrationOf: AdministrationOf): Router {
  const api = Router();
  api.get('/apps', async (req, res) => {
    res.json({ apps: await administrationOf(req).listApps() });
  });
  api.post('/apps', async (req, res) => {
    res.status(201).json(await administrationOf(req).createApp(appRequestOf(req.body)));
  });
  api.get('/apps/:key', async (req, res) => {
    res.json(found(await administrationOf(req).findApp(req.params.key)));
  });
  api.patch('/apps/:key', async (req, res) => {
    res.json(found(await administrationOf(req).updateApp(req.params.key, patchOf(req.body))));
  });
  api.delete('/apps/:key', async (req, res) => {
    if (!(await administrationOf(req).deleteApp(req.params.key))) throw new ApiError(404, NO_APP);
    res.status(204).end();
  });
  api.post('/apps/:key/rotate', async (req, res) => {
    const { overlap } = req.body === undefined ? {} : fieldsOf(req.body, ['overlap']);
    const text = overlap === undefined ? undefined : textOf(overlap, 'overlap');
    res.json(found(await administrationOf(req).rotateSecret(req.params.key, text)));
  });
  api.get('/named-tokens', async (req, res) => {
    const { app } = queryOf(req, ['app']);
    res.json({ named_tokens: found(await administrationOf(req).listNamedTokens(app)) });
  });
  api.use(reportRegistry);
  return api;
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new ApiError(404, NO_APP);
  return value;
}

/** @throws ApiError 400 unless the body describes a new app */
export function appRequestOf(body: unknown): AppRequest {
  const { name, scopes, organization, owner } = fieldsOf(body, ['name', 'scopes', 'organization', 'owner']);
  return {
    scopes: scopesOf(scopes),
    name: textOf(name, 'name'),
    organization: organization === undefined ? undefined : textOf(organization, 'organization'),
    owner: owner === undefined ? undefined : ownerOf(owner),
  };
}

/** @throws ApiError 400 unless the body describes a change of an app */
export function patchOf(body: unknown): AppPatch {
  const { name, scopes, organization } = fieldsOf(body, ['name', 'scopes', 'organization']);
  return {
    name: name === undefined ? undefined : textOf(name, 'name'),
    scopes: scopes === undefined ? undefined : scopesOf(scopes),
    organization:
      organization === undefined || organization === null
        ? organization
        : textOf(organization, 'organization'),
  };
}

/** @throws ApiError 400 unless the value is a list of scopes */
export function scopesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string' && isScopeToken(one))) {
    throw new ApiError(400, '"scopes" must be a list of scopes');
  }
  return value as string[];
}

function ownerOf(value: unknown): NonNullable<AppRequest['owner']> {
  if (typeof value === 'string') return ownerFromName(textOf(value, 'owner'));
  const { uid, uname, uavatar } = fieldsOf(value, ['uid', 'uname', 'uavatar']);
  const named = ownerFromName(textOf(uname, 'owner.uname'));
  return {
    ...named,
    ...(uid !== undefined && { uid: textOf(uid, 'owner.uid') }),
    ...(uavatar !== undefined && uavatar !== '' && { uavatar: textOf(uavatar, 'owner.uavatar') }),
  };
}

function ownerFromName(uname: string): NonNullable<AppRequest['owner']> {
  return { uid: uname, uname, uavatar: '' };
}
