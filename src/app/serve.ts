/** The composition root: a gate that listens, with the process's own clock, chance and log. */
import type { RequestHandler } from 'express';
import { buildGateway, type GatewayInstance } from './build-gateway.js';
import { openConfigReloader } from './reloader.js';
import { warnOfForeignCluster } from './foreign-cluster.js';
import {
  createAppsApi,
  createCredentialGuard,
  listen,
  type CredentialGuard,
  type Listening,
} from '../server/server.js';
import { networkOf } from '../limit/limit.js';
import { createAudit } from '../model/audit.js';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import type { Siblings } from './revocations.js';
import type { KnownPage } from '../revocation/revocation.js';
import { createAccessLog } from '../telemetry/access-log.js';
import { createNearestRouteLog } from '../telemetry/nearest-route.js';
import { processRuntime } from './runtime.js';
import { createLog } from '../telemetry/log.js';
import { watchLoopDelay } from '../telemetry/loop-delay.js';
import { createMetrics, sumOf, type Measurements } from '../telemetry/metrics.js';
import { readAdminToken } from './admin-token.js';
import { limitHeapGrowth } from './limit-heap-growth.js';
import { keysThatNeedRestart } from './pending-settings.js';
import { logUnhandledRejections } from './unhandled.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServeOptions {
  /** The file as it was read at the start. */
  readonly started: Settings;
  /** Reads the file again, at each reload. */
  readonly load: () => Promise<Settings>;
  readonly env: Environment;
  /** Where it is one of several workers. */
  readonly worker?: {
    /** Stands in each line of its log. */
    readonly place: number;
    /** The metrics of all, its own among them. */
    readonly collectMetrics: () => Promise<readonly Measurements[]>;
    readonly siblings: Siblings;
  };
  /** Told of every exchange, beside the access log. */
  readonly watch?: Observe;
}

export interface Serving {
  readonly address: Listening['address'];
  readonly adminAddress: Listening['adminAddress'];
  /** Undefined where the file has no token service. */
  readonly administration: GatewayInstance['administration'];
  /**
   * Puts the file as it is now in force, and goes on in a new file of the log. Never rejects.
   *
   * @returns false where the file cannot be used, which the log explains, and in a drain: all stays as it was
   */
  readonly reload: () => Promise<boolean>;
  /** The metrics of this process alone. */
  readonly measure: () => Promise<Measurements>;
  /** A page of what it knows to be revoked; undefined where nothing is known. */
  readonly knownRevocations: (from: number) => KnownPage | undefined;
  /** Drains and ends all that the gate holds. */
  readonly stop: () => Promise<void>;
}

/** An assembly with what is served beside the gate. */
interface Served extends GatewayInstance {
  /** Undefined where there are neither apps nor a place for revocations. */
  readonly appsApi: RequestHandler | undefined;
}

export async function serve({ started, load, env, worker, watch }: ServeOptions): Promise<Serving> {
  const { listen: publicAddress, admin } = started;
  if (!publicAddress || !admin) throw new TypeError('a gate that serves needs `listen` and `admin`');
  limitHeapGrowth();
  const { log, writeInfo, setLevel, reopen, close: closeLog } = createLog(started.log, worker?.place);
  const restoreRejections = logUnhandledRejections(log);
  const surroundings = { ...processRuntime(log, env), siblings: worker?.siblings };
  const guard = createCredentialGuard({ now: surroundings.monotonic, networkOf, log });
  const { current, ...generations } = await openConfigReloader<Served>(started, {
    load,
    async build(settings, keep) {
      const assembly = await buildGateway(settings, surroundings, keep);
      return { ...assembly, appsApi: await appsApiOf(assembly, env, log, guard) };
    },
    onReload,
    log,
  }).catch(async (error: unknown) => {
    restoreRejections();
    await closeLog();
    throw error;
  });
  const loopDelay = watchLoopDelay(log);
  const end = async (): Promise<void> => {
    loopDelay.close();
    await generations.close();
    restoreRejections();
    await closeLog();
  };
  const metrics = createMetrics({
    isRedisUp: () => current().redis?.isUp,
    targets: () => current().gateway.forwarder.targets(),
    connections: () => listening.connections(),
    inFlight: () => listening.inFlight(),
  });
  const logged = { paths: started.log.paths };
  const tellNearest = createNearestRouteLog({ log, routes: () => current().settings.routes });
  const listening = await listen({
    current: () => current().gateway,
    now: surroundings.monotonic,
    newId: surroundings.newId,
    canServe: () => current().isReady(),
    metrics: worker ? sumOf(worker.collectMetrics) : metrics.registry,
    appsApi: () => current().appsApi,
    adminHosts: () => current().settings.admin?.hosts ?? [],
    observe: observeWith(
      createAccessLog({ writeInfo, now: surroundings.now, worker: worker?.place, logged }),
      tellNearest,
      watch,
    ),
    log,
    listen: publicAddress,
    admin,
    client: started.client,
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const { address, adminAddress } = listening;
  log.info({ address, admin: adminAddress, routes: started.routes.length }, 'the gate is open');
  warnOfForeignCluster(started, log);

  function onReload(isInForce: boolean): void {
    metrics.countReload(isInForce);
    if (!isInForce) return;
    const { settings } = current();
    setLevel(settings.log.level);
    warnOfForeignCluster(settings, log);
    logged.paths = settings.log.paths;
    listening.applySettings(settings);
    const keys = keysThatNeedRestart(started, settings);
    if (keys.length > 0) log.warn({ keys }, 'what has changed under these keys needs a restart');
  }

  return {
    administration: current().administration,
    address,
    adminAddress,
    reload() {
      reopen();
      return generations.reload();
    },
    measure: () => metrics.registry.getMetricsAsJSON(),
    knownRevocations: (from) => current().revocations?.page(from),
    async stop() {
      generations.disable();
      const { drainTimeoutMs, drainDelayMs } = current().settings;
      log.info({ deadline_ms: drainTimeoutMs }, 'draining');
      await listening.drain(drainTimeoutMs, drainDelayMs);
      log.info({}, 'the gate is closed');
      await end();
    },
  };
}

/** Tells each of them of every exchange. */
function observeWith(logAccess: Observe, tellNearest: Observe, watch: Observe | undefined): Observe {
  return (record) => {
    logAccess(record);
    if (record.reason === 'no_route') tellNearest(record);
    watch?.(record);
  };
}

async function appsApiOf(
  { settings, administration, revocations }: GatewayInstance,
  env: Environment,
  log: Log,
  guard: CredentialGuard,
): Promise<Served['appsApi']> {
  if (!revocations) return undefined;
  const { token, file } = await readAdminToken(env);
  if (file !== undefined) log.info({ file }, "the administrator's credential");
  return createAppsApi({
    administration,
    issuers: new Set(settings.issuers.map(({ name }) => name)),
    credential: token,
    guard,
    revoke: async (revocation) => (await revocations.revoke(revocation)) === 'done',
    audit: createAudit(log),
    now: Date.now,
  });
}
