/** Composes /api of the admin port and the console, for each instance of the gateway. Called by `serve.ts`. */
import type { Request, RequestHandler, Router } from 'express';
import { createAdminApi } from '../admin/api.js';
import { createAppsApi, type AdministrationOf } from '../admin/apps-api.js';
import { createCooldownsApi } from '../admin/cooldowns-api.js';
import { createExplainApi } from '../admin/explain-api.js';
import { createRefusalsApi, type RefusalsApiOptions } from '../admin/refusals-api.js';
import { createRevocationsApi } from '../admin/revocations-api.js';
import { createUsersApi } from '../admin/users-api.js';
import { createCredentialGuard } from '../admin/credential-guard.js';
import { createCheckCredential } from '../admin/require-credential.js';
import { actorOf } from '../console/server/console.js';
import { networkOf } from '../limit/limit.js';
import { createAudit, type Audit } from '../model/audit.js';
import {
  createAdministrationFor,
  type Caller,
  type CallerAdministration,
} from '../tokens/administration-for.js';
import { readAdminToken, type AdminToken } from './admin-token.js';
import type { GatewayInstance } from './build-gateway.js';
import { createOpenConsole, type ConsoleSources } from './console.js';
import type { Runtime } from './resources.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface AdminApiContext {
  readonly env: Environment;
  readonly runtime: Runtime;
  /** The recent refusals of all workers. */
  readonly refusals: RefusalsApiOptions;
  readonly console: ConsoleSources;
}

/** What an instance serves to administrators. Both are undefined where there is no administrator's credential. */
export interface AdminHandlers {
  readonly adminApi: RequestHandler | undefined;
  /** Undefined also where it is switched off. */
  readonly console: RequestHandler | undefined;
}

/** Opens /api and the console for an instance of the gateway. */
export type OpenAdmin = (instance: GatewayInstance) => Promise<AdminHandlers>;

const NONE: AdminHandlers = { adminApi: undefined, console: undefined };

/**
 * Creates the function that opens /api and the console. Wrong credentials are counted over all instances, and over both.
 *
 * @returns a function that rejects where there is no credential and the gateway cannot do without
 */
export function createOpenAdmin({ env, runtime, refusals, console: sources }: AdminApiContext): OpenAdmin {
  const { log } = runtime;
  const guard = createCredentialGuard({ now: runtime.monotonic, networkOf, log });
  const audit = createAudit(log);
  const openConsole = createOpenConsole({ runtime, sources, audit });
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
    if (!credential) return NONE;
    const { token, file } = credential;
    if (file !== undefined) log.info({ file }, "the administrator's credential");
    const checkCredential = createCheckCredential(token, guard);
    const administrationFor = administrationOf(instance, runtime, audit);
    const registry = (callerOf: CallerOf): readonly Router[] =>
      registryRouters(instance, (req) => administrationFor?.(callerOf(req)));
    const { explain, settings, gateway } = instance;
    const routers = [
      createExplainApi({ explain, sourceDigest: settings.sourceDigest }),
      createRefusalsApi(refusals),
      ...registry((req) => ({ actor: { kind: 'administrator' }, clientIp: req.socket.remoteAddress })),
    ];
    return {
      adminApi: createAdminApi({ checkCredential, routers, log }),
      console: await openConsole({
        instance,
        credential: token,
        checkCredential,
        routers: registry((req) => ({ actor: actorOf(req), clientIp: gateway.read(req).clientIp })),
      }),
    };
  };
}

type CallerOf = (req: Request) => Caller;

/** Returns the administration for each caller; undefined where there is no store for revocations. */
function administrationOf(
  { settings, administerAs, revocations, listRevocations }: GatewayInstance,
  { now }: Runtime,
  audit: Audit,
): ((caller: Caller) => CallerAdministration) | undefined {
  if (!revocations || !listRevocations) return undefined;
  return createAdministrationFor({
    administerAs,
    store: {
      list: listRevocations,
      revoke: (revocation) => revocations.revoke(revocation),
      restore: (issuer, app) => revocations.restore(issuer, app),
    },
    issuers: new Set(settings.issuers.map(({ name }) => name)),
    audit,
    now,
  });
}

/** None where there is no store for revocations. */
function registryRouters(
  { revocations, listRevocations, administerAs }: GatewayInstance,
  administrationAt: (req: Request) => CallerAdministration | undefined,
): readonly Router[] {
  if (!revocations || !listRevocations) return [];
  const revocationsApi = createRevocationsApi((req) => administrationAt(req)!.revocations);
  if (!administerAs) return [revocationsApi];
  const registryOf: AdministrationOf = (req) => administrationAt(req)!.registry!;
  return [
    revocationsApi,
    createAppsApi(registryOf),
    createUsersApi(registryOf),
    createCooldownsApi(registryOf),
  ];
}
