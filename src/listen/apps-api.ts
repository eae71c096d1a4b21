/** The apps API of the admin port: apps and revocations, for whoever shows the administrator's credential. */
import { createHash, timingSafeEqual } from 'node:crypto';
import express, { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import type { CredentialGuard } from './credential-guard.js';
import { isScopeToken } from '../model/scope.js';
import type { Administration, AppRequest } from '../tokens/administration.js';

export interface AppsApiOptions {
  /** Undefined where the file has no token service: then there are no apps, but apps of others can be revoked. */
  readonly administration: Administration | undefined;
  /** Refuses an app's tokens from now on. False where it could not be recorded. */
  readonly revokeApp: (app: string, issuer: string | undefined) => Promise<boolean>;
  /** The issuers that an app may be of. */
  readonly issuers: ReadonlySet<string>;
  /** The administrator's credential. */
  readonly credential: string;
  /** Told of wrong credentials. */
  readonly guard: CredentialGuard;
}

/** Something in the request that cannot be, and its status. */
class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const BODY_LIMIT = '64kb';

export function createAppsApi({
  administration,
  revokeApp,
  issuers,
  credential,
  guard,
}: AppsApiOptions): Router {
  const api = Router();
  api.use(mustShow(credential, guard), express.json({ limit: BODY_LIMIT }));
  if (administration) addApps(api, administration);

  api.post('/revocations', async (req, res) => {
    const { app, issuer } = fieldsOf(req.body, ['app', 'issuer']);
    const id = textOf(app, 'app');
    const name = issuer === undefined ? undefined : textOf(issuer, 'issuer');
    if (name !== undefined && !issuers.has(name)) throw new ApiError(400, `unknown issuer "${name}"`);
    if (!(await revokeApp(id, name)))
      throw new ApiError(503, 'the revocation could not be recorded; try again');
    res.status(201).json({ app: id, ...(name !== undefined && { issuer: name }) });
  });

  api.use(answerError);
  return api;
}

function addApps(api: Router, administration: Administration): void {
  api.get('/apps', async (_req, res) => {
    res.json({ apps: await administration.listApps() });
  });
  api.post('/apps', async (req, res) => {
    res.status(201).json(await administration.createApp(appRequestOf(req.body)));
  });
  api.get('/apps/:key', async (req, res) => {
    const app = await administration.findApp(req.params.key);
    if (!app) throw new ApiError(404, 'No such app');
    res.json(app);
  });
  api.delete('/apps/:key', async (req, res) => {
    if (!(await administration.deleteApp(req.params.key))) throw new ApiError(404, 'No such app');
    res.status(204).end();
  });
  api.post('/apps/:key/rotate', async (req, res) => {
    const secret = await administration.rotateSecret(req.params.key);
    if (secret === undefined) throw new ApiError(404, 'No such app');
    res.json({ key: req.params.key, secret });
  });
}

/** RFC 6750, with one token. Compared as hashes, so that neither its length nor its beginning shows in the time. */
function mustShow(credential: string, guard: CredentialGuard): RequestHandler {
  const expected = digest(`Bearer ${credential}`);
  return async (req, res, next) => {
    const { authorization } = req.headers;
    const { remoteAddress: address = 'unknown' } = req.socket;
    if (authorization !== undefined) {
      if (guard.isCrowded(address)) {
        res.set('Retry-After', '1');
        throw new ApiError(429, 'Too many wrong credentials; try again later');
      }
      if (timingSafeEqual(digest(authorization), expected)) {
        next();
        return;
      }
      await guard.failed(address);
    }
    res.set('WWW-Authenticate', 'Bearer realm="tollgate-admin"');
    throw new ApiError(401, "The administrator's credential is needed");
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function appRequestOf(body: unknown): AppRequest {
  const { name, scopes, organization, owner } = fieldsOf(body, ['name', 'scopes', 'organization', 'owner']);
  if (!Array.isArray(scopes) || !scopes.every((one) => typeof one === 'string' && isScopeToken(one))) {
    throw new ApiError(400, '"scopes" must be a list of scopes');
  }
  return {
    name: textOf(name, 'name'),
    scopes: scopes as string[],
    organization: organization === undefined ? undefined : textOf(organization, 'organization'),
    owner: owner === undefined ? undefined : ownerOf(owner),
  };
}

function ownerOf(value: unknown): NonNullable<AppRequest['owner']> {
  if (typeof value === 'string') return ownerNamed(textOf(value, 'owner'));
  const { uid, uname, uavatar } = fieldsOf(value, ['uid', 'uname', 'uavatar']);
  const named = ownerNamed(textOf(uname, 'owner.uname'));
  return {
    ...named,
    ...(uid !== undefined && { uid: textOf(uid, 'owner.uid') }),
    ...(uavatar !== undefined && uavatar !== '' && { uavatar: textOf(uavatar, 'owner.uavatar') }),
  };
}

function ownerNamed(uname: string): NonNullable<AppRequest['owner']> {
  return { uid: uname, uname, uavatar: '' };
}

function fieldsOf(value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'the body must be a JSON object');
  }
  const stray = Object.keys(value).find((key) => !known.includes(key));
  if (stray !== undefined) throw new ApiError(400, `unknown key "${stray}"`);
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new ApiError(400, `"${name}" must be a text`);
  return value;
}

/** Express knows an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { status, message } = describe(error);
  res.status(status).json({ errors: [{ code: status, message }] });
};

function describe(error: unknown): { status: number; message: string } {
  if (error instanceof ApiError) return error;
  const { status, name, message } = error as { status?: unknown; name?: unknown; message?: unknown };
  if (name === 'AdministrationError') return { status: 400, message: String(message) };
  if (status === 413) return { status, message: 'the body is too large' };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, message: 'the body is not JSON' };
  return { status: 503, message: 'the registry does not answer; try again' };
}
