/** Composes /api of the admin port and the console, for each instance of the gateway. Called by `serve.ts`. */
import type { Request, RequestHandler, Router } from 'express';
import { createAdminApi } from '../admin/api.js';
import { createAppsApi, type AdministrationOf } from '../admin/apps-api.js';
import { createCooldownsApi } from '../admin/cooldowns-api.js';
import { createExplainApi } from '../admin/explain-api.js';
import { createRefusalsApi } from '../admin/refusals-api.js';
import { createRevocationsApi } from '../admin/revocations-api.js';
import { createUsersApi } from '../admin/users-api.js';
import { createCredentialGuard } from '../admin/credential-guard.js';
import { createCheckCredential } from '../admin/require-credential.js';
import { actorOf } from '../console/server/console.js';
import { networkOf } from '../limit/limit.js';
import {
  createAdministrationFor,
  type Caller,
  type CallerAdministration,
} from '../tokens/administration-for.js';
import { readAdminToken, type AdminToken } from './admin-token.js';
import type { GatewayInstance } from './build-gateway.js';
import { createOpenConsole, type ConsoleSources } from './console.js';
import { consoleRouters, type ConsoleReports } from './console-routers.js';
import type { Runtime } from './resources.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface AdminApiContext {
  readonly env: Environment;
  readonly runtime: Runtime;
  /** What all workers know. */
  readonly reports: ConsoleReports;
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
export function createOpenAdmin({ env, runtime, reports, console: sources }: AdminApiContext): OpenAdmin {
  const { log } = runtime;
  const guard = createCredentialGuard({ now: runtime.monotonic, networkOf, log });
  const openConsole = createOpenConsole({ runtime, sources });
  let absence: string | undefined;
  let loggedFile: string | undefined;

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
    if (file !== undefined && file !== loggedFile) log.info({ file }, "the administrator's credential");
    loggedFile = file;
    const checkCredential = createCheckCredential(token, guard);
    const administrationFor = administrationOf(instance, runtime);
    const { explain, settings, gateway, administerAs } = instance;
    const apiCaller: CallerOf = (req) => ({
      actor: { kind: 'administrator' },
      clientIp: req.socket.remoteAddress,
    });
    const consoleCaller: CallerOf = (req) => ({
      actor: actorOf(req),
      clientIp: gateway.read(req).clientIp,
    });
    const registryFor = (callerOf: CallerOf): AdministrationOf | undefined =>
      administrationFor && administerAs && ((req) => administrationFor(callerOf(req)).registry!);
    const routersFor = (callerOf: CallerOf): readonly Router[] =>
      registryRouters(
        registryFor(callerOf),
        administrationFor && ((req) => administrationFor(callerOf(req))),
      );
    const routers = [
      createExplainApi({ explain, sourceDigest: settings.sourceDigest }),
      createRefusalsApi(reports.refusals),
      ...routersFor(apiCaller),
    ];
    return {
      adminApi: createAdminApi({ checkCredential, routers, log }),
      console: await openConsole({
        instance,
        credential: token,
        checkCredential,
        routers: [
          ...consoleRouters(instance, registryFor(consoleCaller), { ...reports, ...sources }, runtime.now),
          ...routersFor(consoleCaller),
        ],
      }),
    };
  };
}

type CallerOf = (req: Request) => Caller;

/** Returns the administration for each caller; undefined where there is no store for revocations. */
function administrationOf(
  { settings, administerAs, revocations, listRevocations, auditTrail }: GatewayInstance,
  runtime: Runtime,
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
    audit: auditTrail?.record ?? runtime.audit,
    now: runtime.now,
  });
}

/** None where there is no store for revocations. */
function registryRouters(
  registryOf: AdministrationOf | undefined,
  administrationAt: ((req: Request) => CallerAdministration) | undefined,
): readonly Router[] {
  if (!administrationAt) return [];
  const revocationsApi = createRevocationsApi((req) => administrationAt(req).revocations);
  if (!registryOf) return [revocationsApi];
  return [
    revocationsApi,
    createAppsApi(registryOf),
    createUsersApi(registryOf),
    createCooldownsApi(registryOf),
  ];
}
