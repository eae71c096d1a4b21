/** The apps API of the admin port: apps and revocations. `src/app/admin-api.ts` opens it, behind `api.ts`. */
import { Router, type ErrorRequestHandler, type Request } from 'express';
import type { Audit, AuditEntry } from '../model/audit.js';
import type { Revocation } from '../model/revocation.js';
import { isScopeToken } from '../model/scope.js';
import { NAMED } from '../model/tokens.js';
import { appRevocation, type Administration, type AppRequest } from '../tokens/administration.js';
import { tokenRevocation } from '../tokens/revoked.js';
import { ApiError, fieldsOf, textOf } from './api-error.js';

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
}

/**
 * Creates the router of the apps API. Responds 400 to an invalid request, 503 where the registry is unavailable.
 */
export function createAppsApi(options: AppsApiOptions): Router {
  const { administration, issuers } = options;
  const api = Router();
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

  api.use(reportRegistry);
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

/** An error without a status comes from the registry. Express recognises an error handler by its four parameters. */
const reportRegistry: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  const { name, message, status } = error as { name?: unknown; message?: unknown; status?: unknown };
  if (typeof status === 'number') next(error);
  else if (name === 'AdministrationError') next(new ApiError(400, String(message)));
  else next(new ApiError(503, 'the registry is unavailable; try again'));
};
