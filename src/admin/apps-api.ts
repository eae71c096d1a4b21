/** The apps API of the admin port: apps and revocations. It needs the administrator's credential. `src/app/serve.ts` opens it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import express, { Router, type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import type { Audit, AuditEntry } from '../model/audit.js';
import type { Revocation } from '../model/revocation.js';
import type { CredentialGuard } from './credential-guard.js';
import { isScopeToken } from '../model/scope.js';
import { NAMED } from '../model/tokens.js';
import { appRevocation, type Administration, type AppRequest } from '../tokens/administration.js';
import { tokenRevocation } from '../tokens/revoked.js';

export interface AppsApiOptions {
  /** Undefined where the file has no token service: there are no apps, but apps of other issuers can be revoked. */
  readonly administration: Administration | undefined;
  /** Records a revocation. Resolves to false where it could not be recorded. */
  readonly revoke: (revocation: Revocation) => Promise<boolean>;
  /** Writes an audit line for each change. */
  readonly audit: Audit;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The issuers that an app can belong to. */
  readonly issuers: ReadonlySet<string>;
  /** The administrator's credential. */
  readonly credential: string;
  /** Counts and delays wrong credentials. */
  readonly guard: CredentialGuard;
}

/** An error in the request, with its status. */
class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const BODY_LIMIT = '64kb';

/**
 * Creates the router of the apps API. Responds 400 to an invalid request, 401 and 429 to a wrong credential, 503 where the
 * registry is unavailable.
 */
export function createAppsApi(options: AppsApiOptions): Router {
  const { administration, issuers, credential, guard } = options;
  const api = Router();
  api.use(requireCredential(credential, guard), express.json({ limit: BODY_LIMIT }));
  const auditChange = createAuditChange(options.audit);
  if (administration) addApps(api, administration, auditChange);

  api.post('/revocations', async (req, res) => {
    const { app, token, issuer } = fieldsOf(req.body, ['app', 'token', 'issuer']);
    const name = issuer === undefined ? undefined : textOf(issuer, 'issuer');
    if (name !== undefined && !issuers.has(name)) throw new ApiError(400, `unknown issuer "${name}"`);
    if (app !== undefined && token !== undefined)
      throw new ApiError(400, 'give either "app" or "token", not both');
    const revoked =
      token === undefined
        ? appRevocation(textOf(app, 'app'), name, options.now())
        : await revocationOfToken(textOf(token, 'token'), name);
    if (!(await options.revoke(revoked)))
      throw new ApiError(503, 'the revocation could not be recorded; try again');
    const at = revoked.issuer === undefined ? {} : { issuer: revoked.issuer };
    const what = token === undefined ? { app: revoked.id } : { token: revoked.id };
    auditChange(req, { action: token === undefined ? 'app_revoked' : 'token_revoked', ...what, ...at });
    res.status(201).json({ ...what, ...at });
  });

  /** The registry has each named token's expiry. For another issuer's token only the `jti` is known. */
  async function revocationOfToken(jti: string, issuer = NAMED): Promise<Revocation> {
    if (issuer !== NAMED) return tokenRevocation({ issuer, jti, expS: undefined }, options.now());
    const found = await administration?.namedTokenRevocation(jti);
    if (!found) throw new ApiError(404, 'No such named token');
    return found;
  }

  api.use(sendError);
  return api;
}

/** Audits a change. The actor and the client's address are added. */
type AuditChange = (req: Request, change: Omit<AuditEntry, 'by' | 'client_ip'>) => void;

function createAuditChange(audit: Audit): AuditChange {
  return (req, change) => {
    const { remoteAddress } = req.socket;
    audit({ by: 'admin', ...(remoteAddress !== undefined && { client_ip: remoteAddress }), ...change });
  };
}

function addApps(api: Router, administration: Administration, auditChange: AuditChange): void {
  api.get('/apps', async (_req, res) => {
    res.json({ apps: await administration.listApps() });
  });
  api.post('/apps', async (req, res) => {
    const app = await administration.createApp(appRequestOf(req.body));
    auditChange(req, { action: 'app_created', app: app.key });
    res.status(201).json(app);
  });
  api.get('/apps/:key', async (req, res) => {
    const app = await administration.findApp(req.params.key);
    if (!app) throw new ApiError(404, 'No such app');
    res.json(app);
  });
  api.delete('/apps/:key', async (req, res) => {
    if (!(await administration.deleteApp(req.params.key))) throw new ApiError(404, 'No such app');
    auditChange(req, { action: 'app_deleted', app: req.params.key });
    res.status(204).end();
  });
  api.post('/apps/:key/rotate', async (req, res) => {
    const secret = await administration.rotateSecret(req.params.key);
    if (secret === undefined) throw new ApiError(404, 'No such app');
    auditChange(req, { action: 'app_secret_rotated', app: req.params.key });
    res.json({ key: req.params.key, secret });
  });
  api.get('/named-tokens', async (req, res) => {
    const { app } = req.query;
    if (app !== undefined && typeof app !== 'string') throw new ApiError(400, '"app" must be given once');
    res.json({ named_tokens: await administration.listNamedTokens(app) });
  });
}

/** RFC 6750, with one token. Compares hashes, so that the time reveals neither its length nor a matching prefix. */
function requireCredential(credential: string, guard: CredentialGuard): RequestHandler {
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

function fieldsOf(value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'the body must be a JSON object');
  }
  const unknownKey = Object.keys(value).find((key) => !known.includes(key));
  if (unknownKey !== undefined) throw new ApiError(400, `unknown key "${unknownKey}"`);
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new ApiError(400, `"${name}" must be a string`);
  return value;
}

/** Express recognises an error handler by its four parameters. */
const sendError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { status, message } = responseFor(error);
  res.status(status).json({ errors: [{ code: status, message }] });
};

function responseFor(error: unknown): { status: number; message: string } {
  if (error instanceof ApiError) return error;
  const { status, name, message } = error as { status?: unknown; name?: unknown; message?: unknown };
  if (name === 'AdministrationError') return { status: 400, message: String(message) };
  if (status === 413) return { status, message: 'the body is too large' };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, message: 'the body is not JSON' };
  return { status: 503, message: 'the registry is unavailable; try again' };
}
