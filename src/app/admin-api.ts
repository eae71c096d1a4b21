/** Composes /api of the admin port, for each instance of the gateway. Called by `serve.ts`. */
import type { Request, RequestHandler, Router } from 'express';
import { createAdminApi } from '../admin/api.js';
import { createAppsApi, type AdministrationOf } from '../admin/apps-api.js';
import { createCooldownsApi } from '../admin/cooldowns-api.js';
import { createExplainApi } from '../admin/explain-api.js';
import { createRefusalsApi, type RefusalsApiOptions } from '../admin/refusals-api.js';
import { createRevocationsApi } from '../admin/revocations-api.js';
import { createUsersApi } from '../admin/users-api.js';
import { createCredentialGuard } from '../admin/credential-guard.js';
import { networkOf } from '../limit/limit.js';
import { createAudit } from '../model/audit.js';
import { createAdministrationFor } from '../tokens/administration-for.js';
import { readAdminToken, type AdminToken } from './admin-token.js';
import type { GatewayInstance } from './build-gateway.js';
import type { Runtime } from './resources.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface AdminApiContext {
  readonly env: Environment;
  readonly runtime: Runtime;
  /** The recent refusals of all workers. */
  readonly refusals: RefusalsApiOptions;
}

/** Opens /api for an instance of the gateway. */
export type OpenAdminApi = (instance: GatewayInstance) => Promise<RequestHandler | undefined>;

/**
 * Creates the function that opens /api. Wrong credentials are counted over all instances.
 *
 * @returns a function that resolves to undefined where there is no credential and the gateway can do without; it rejects
 *   where it cannot
 */
export function createOpenAdminApi({ env, runtime, refusals }: AdminApiContext): OpenAdminApi {
  const { log } = runtime;
  const guard = createCredentialGuard({ now: runtime.monotonic, networkOf, log });
  let absence: string | undefined;

  async function findCredential(isNeeded: boolean): Promise<AdminToken | undefined> {
    try {
      return await readAdminToken(env);
    } catch (error) {
      if (isNeeded) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      // A reload finds the same; it is logged once.
      if (problem !== absence)
        log.warn(
          { problem },
          "/api of the admin port is off: there is no administrator's credential; set TOLLGATE_ADMIN_TOKEN",
        );
      absence = problem;
      return undefined;
    }
  }

  return async (instance) => {
    // With a store for revocations the apps API is a part of the gateway.
    const credential = await findCredential(instance.revocations !== undefined);
    if (!credential) return undefined;
    if (credential.file !== undefined) log.info({ file: credential.file }, "the administrator's credential");
    const { explain, settings } = instance;
    const routers = [
      createExplainApi({ explain, sourceDigest: settings.sourceDigest }),
      createRefusalsApi(refusals),
      ...registryRouters(instance, runtime),
    ];
    return createAdminApi({ credential: credential.token, guard, routers, log });
  };
}

/** None where there is no store for revocations. */
function registryRouters(
  { settings, administerAs, revocations, listRevocations }: GatewayInstance,
  { now, log }: Runtime,
): readonly Router[] {
  if (!revocations || !listRevocations) return [];
  const administrationFor = createAdministrationFor({
    administerAs,
    store: {
      list: listRevocations,
      revoke: (revocation) => revocations.revoke(revocation),
      restore: (issuer, app) => revocations.restore(issuer, app),
    },
    issuers: new Set(settings.issuers.map(({ name }) => name)),
    audit: createAudit(log),
    now,
  });
  const callerAt = (req: Request) =>
    administrationFor({ actor: { kind: 'administrator' }, clientIp: req.socket.remoteAddress });
  const revocationsApi = createRevocationsApi((req) => callerAt(req).revocations);
  if (!administerAs) return [revocationsApi];
  const administrationOf: AdministrationOf = (req) => callerAt(req).registry!;
  return [
    revocationsApi,
    createAppsApi(administrationOf),
    createUsersApi(administrationOf),
    createCooldownsApi(administrationOf),
  ];
}
