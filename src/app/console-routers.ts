/** Composes the routers of the console's API for an instance. Called by `admin-api.ts`. */
import type { Router } from 'express';
import type { AdministrationOf } from '../admin/apps-api.js';
import type { RefusalsApiOptions } from '../admin/refusals-api.js';
import type { DeletedApp } from '../console/api/apps.js';
import { createConsoleApps } from '../console/server/apps-api.js';
import { createConsoleAudit } from '../console/server/audit-api.js';
import { createConsoleExplain } from '../console/server/explain-api.js';
import type { SeesApp } from '../console/server/own-apps.js';
import { createConsoleRefusals } from '../console/server/refusals-api.js';
import { createConsoleRoutes } from '../console/server/routes-api.js';
import { createConsoleUsers } from '../console/server/users-api.js';
import { covers } from '../model/scope.js';
import { NAMED } from '../model/tokens.js';
import type { NamedTokenView } from '../tokens/administration/views.js';
import type { AuditRecord } from '../model/audit-record.js';
import { BUCKET_MS, FIRST_APP, forEachCell } from '../telemetry/traffic-bucket.js';
import type { ConsoleSources } from './console.js';
import type { GatewayInstance } from './build-gateway.js';
import type { Fault } from './faults.js';
import { accessOf, limitsOfApp, limitsOfToken, scopesOf } from './console-limits.js';
import type { ReloadResult } from './reloader.js';

/** What the console reads of all workers. */
export interface ConsoleReports {
  readonly refusals: RefusalsApiOptions;
  /** The last administrative changes, the newest first. */
  readonly audit: (limit: number) => Promise<readonly AuditRecord[]>;
  /** The newest result of a reload. */
  readonly lastReload: () => Promise<ReloadResult | undefined>;
  /** The faults that hold now. Never rejects. */
  readonly faults: () => Promise<readonly Fault[]>;
}

/**
 * Creates the routers, without those that the admin port has too.
 *
 * @param administrationOf undefined without a token service
 */
export function consoleRouters(
  instance: GatewayInstance,
  administrationOf: AdministrationOf | undefined,
  { refusals, audit, lastReload, collectTraffic }: ConsoleReports & Pick<ConsoleSources, 'collectTraffic'>,
  now: () => number,
): readonly Router[] {
  const { settings, gateway, explain, inspectToken, issuerKeys, auditTrail } = instance;
  const registryRouters = administrationOf
    ? [
        createConsoleApps({
          administrationOf,
          accessOf: (scopes) => accessOf(instance, scopes),
          limitsOf: (app, scopes) => limitsOfApp(instance, app, scopes),
          scopes: scopesOf(instance),
          gatewaysReached: () => gatewaysReached(instance),
          isRevoked: (token) => isNamedTokenRevoked(instance, token),
          covers,
        }),
        createConsoleUsers(administrationOf),
      ]
    : [];
  return [
    ...registryRouters,
    createConsoleRefusals({ ...refusals, administrationOf }),
    createConsoleExplain({
      explain,
      inspectToken,
      limitsOf: (principal, inspected) => limitsOfToken(instance, principal, inspected),
      host: 'localhost',
      administrationOf,
    }),
    createConsoleRoutes({
      routes: settings.routes,
      targets: () => gateway.forwarder.targets(),
      issuers: () =>
        issuerKeys().map(({ name, size, readAtMs, failure }) => ({
          name,
          keys: size ?? null,
          age_s: readAtMs === undefined ? null : Math.max(0, Math.round((now() - readAtMs) / 1000)),
          error: failure?.reason ?? null,
        })),
      async reload() {
        const last = await lastReload();
        return last ? { at: Math.floor(last.atMs / 1000), ok: last.isInForce, errors: last.problems } : null;
      },
      requestsPerMinute: (sees) => requestsPerMinute(collectTraffic, now(), sees),
      administrationOf,
    }),
    createConsoleAudit({
      inMemory: audit,
      inRegistry: auditTrail && ((limit, before) => auditTrail.list(limit, before)),
    }),
  ];
}

const MINUTE_BUCKETS = 60_000 / BUCKET_MS;

/** The requests of the apps that are seen, in the last whole minute of finished buckets, by label of the route. */
async function requestsPerMinute(
  collect: ConsoleSources['collectTraffic'],
  nowMs: number,
  sees: SeesApp,
): Promise<ReadonlyMap<string, number>> {
  const current = Math.floor(nowMs / BUCKET_MS);
  const requests = new Map<string, number>();
  const { buckets } = await collect(current - MINUTE_BUCKETS);
  for (const { at, routes, apps, cells } of buckets) {
    if (at < current - MINUTE_BUCKETS || at >= current) continue;
    forEachCell(cells, (cell) => {
      const route = routes[cell.route];
      const { issuer = null, app = null } = apps[cell.app - FIRST_APP] ?? {};
      if (route !== undefined && sees(issuer, app))
        requests.set(route, (requests.get(route) ?? 0) + cell.requests);
    });
  }
  return requests;
}

/** As far as this process knows: it is at most a second late. */
function isNamedTokenRevoked(
  { revocations }: GatewayInstance,
  { app, jti, created }: Pick<NamedTokenView, 'app' | 'jti' | 'created'>,
): boolean {
  // Those that a change of the app has ended are not listed.
  const caller = { issuer: NAMED, app, tokenId: jti, family: undefined, generation: Infinity };
  return revocations?.isRevoked({ ...caller, issuedAtMs: Date.parse(created) }) ?? false;
}

/** Without a Redis the gateways do not know each other; null unless there is only this one. */
async function gatewaysReached(instance: GatewayInstance): Promise<DeletedApp['gateways']> {
  const { settings } = instance;
  if (settings.redis) return (await instance.gatewaysReached?.()) ?? null;
  // A registry in a file: this process is the only gateway, and has read its own change.
  return settings.tokens?.database.kind === 'sqlite' ? { reached: 1, total: 1 } : null;
}
