/** The composition root of the command: a gateway that listens. Called by `src/cli/` and `src/workers/worker.ts`. */
import type { RequestHandler } from 'express';
import { buildGateway, type GatewayInstance } from './build-gateway.js';
import { openConfigReloader, type ConfigReloader } from './reloader.js';
import type { Runtime } from './resources.js';
import { warnOfForeignCluster } from './foreign-cluster.js';
import { warnOfInsecureSettings } from './insecure-settings.js';
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
import { createMetrics, sumOf, type Measurements, type Metrics } from '../telemetry/metrics.js';
import { readAdminToken } from './admin-token.js';
import { limitHeapGrowth } from './limit-heap-growth.js';
import { keysThatNeedRestart } from './pending-settings.js';
import { logUnhandledRejections } from './unhandled.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServeOptions {
  /** The settings as read at the start. */
  readonly started: Settings;
  /** Reads the file again, at each reload. */
  readonly load: () => Promise<Settings>;
  readonly env: Environment;
  /** Set if the process is one of several workers. */
  readonly worker?: {
    /** The worker's number, written in each line of its log. */
    readonly number: number;
    /** Returns the metrics of all workers, its own included. */
    readonly collectMetrics: () => Promise<readonly Measurements[]>;
    readonly siblings: Siblings;
  };
  /** Called with every exchange, after the access log. */
  readonly watch?: Observe;
}

export interface Serving {
  readonly address: Listening['address'];
  readonly adminAddress: Listening['adminAddress'];
  /** Undefined where the file has no token service. */
  readonly administration: GatewayInstance['administration'];
  /**
   * Puts the current file in force, and reopens the log file. Never rejects.
   *
   * @returns false during a drain, and where the file is not valid, which is logged; the previous file then stays in force
   */
  readonly reload: () => Promise<boolean>;
  /** Returns the metrics of this process alone. */
  readonly measure: () => Promise<Measurements>;
  /** Returns a page of the known revocations; undefined where none are known. */
  readonly knownRevocations: (from: number) => KnownPage | undefined;
  /** Drains, then closes all resources. */
  readonly stop: () => Promise<void>;
}

/** A gateway instance with its apps API. */
interface Served extends GatewayInstance {
  /** Undefined where there is no store for revocations. */
  readonly appsApi: RequestHandler | undefined;
}

/**
 * Builds the gateway and opens its ports.
 *
 * @throws TypeError without `listen` or `admin`; also rejects where the gateway cannot be built or a port cannot be bound
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { started, env, worker, watch } = options;
  const { listen: publicAddress, admin } = started;
  if (!publicAddress || !admin) throw new TypeError('a gateway that serves needs `listen` and `admin`');
  limitHeapGrowth();
  const { log, writeInfo, setLevel, reopen, close: closeLog } = createLog(started.log, worker?.number);
  const restoreRejections = logUnhandledRejections(log);
  const closeProcess = (): Promise<void> => {
    restoreRejections();
    return closeLog();
  };
  const runtime = { ...processRuntime(log, env), siblings: worker?.siblings };
  const reloader = await openReloader(options, runtime, onReload).catch(async (error: unknown) => {
    await closeProcess();
    throw error;
  });
  const { current } = reloader;
  const loopDelay = watchLoopDelay(log);
  const closeAll = async (): Promise<void> => {
    loopDelay.close();
    await reloader.close();
    await closeProcess();
  };
  const metrics = createMetrics({
    isRedisUp: () => current().redis?.isUp,
    targets: () => current().gateway.forwarder.targets(),
    connections: () => listening.connections(),
    inFlight: () => listening.inFlight(),
    routes: () => current().settings.routes,
  });
  const logged = { paths: started.log.paths };
  const logAccess = createAccessLog({ writeInfo, now: runtime.now, worker: worker?.number, logged });
  const logNearestRoute = createNearestRouteLog({ log, routes: () => current().settings.routes });
  const listening = await listen({
    current: () => current().gateway,
    now: runtime.monotonic,
    newId: runtime.newId,
    canServe: () => current().isReady(),
    metrics: worker ? sumOf(worker.collectMetrics) : metrics.registry,
    appsApi: () => current().appsApi,
    adminHosts: () => current().settings.admin?.hosts ?? [],
    observe: observeWith(logAccess, logNearestRoute, metrics, watch),
    log,
    listen: publicAddress,
    admin,
    client: started.client,
  }).catch(async (error: unknown) => {
    await closeAll();
    throw error;
  });
  logStart(options, listening, log);

  function onReload(isInForce: boolean): void {
    metrics.countReload(isInForce);
    if (!isInForce) return;
    const { settings } = current();
    setLevel(settings.log.level);
    logged.paths = settings.log.paths;
    listening.applySettings(settings);
    if (!worker) warnOfInsecureSettings(settings, log);
    warnAfterReload(started, settings, log);
  }

  return {
    administration: current().administration,
    address: listening.address,
    adminAddress: listening.adminAddress,
    reload() {
      reopen();
      return reloader.reload();
    },
    measure: () => metrics.registry.getMetricsAsJSON(),
    knownRevocations: (from) => current().revocations?.page(from),
    async stop() {
      reloader.disable();
      await drain(listening, current().settings, log);
      await closeAll();
    },
  };
}

/** Logs that the ports are open, with what an operator should know. */
function logStart(
  { started, worker }: ServeOptions,
  { address, adminAddress }: Pick<Serving, 'address' | 'adminAddress'>,
  log: Runtime['log'],
): void {
  log.info({ address, admin: adminAddress, routes: started.routes.length }, 'gateway started');
  warnOfForeignCluster(started, log);
  // Of several workers each would say the same; the primary does.
  if (!worker) warnOfInsecureSettings(started, log);
}

/** Builds the first instance of the gateway, each instance with its apps API. */
function openReloader(
  { started, load, env }: ServeOptions,
  runtime: Runtime,
  onReload: (isInForce: boolean) => void,
): Promise<ConfigReloader<Served>> {
  const { log } = runtime;
  const guard = createCredentialGuard({ now: runtime.monotonic, networkOf, log });
  return openConfigReloader<Served>(started, {
    load,
    async build(settings, reuse) {
      const instance = await buildGateway(settings, runtime, reuse);
      return { ...instance, appsApi: await appsApiOf(instance, env, log, guard) };
    },
    onReload,
    log,
  });
}

function warnAfterReload(started: Settings, settings: Settings, log: Log): void {
  warnOfForeignCluster(settings, log);
  const keys = keysThatNeedRestart(started, settings);
  if (keys.length > 0) log.warn({ keys }, 'changes of these keys take effect after a restart');
}

async function drain(
  listening: Listening,
  { drainTimeoutMs, drainDelayMs }: Settings,
  log: Log,
): Promise<void> {
  log.info({ deadline_ms: drainTimeoutMs }, 'draining');
  await listening.drain(drainTimeoutMs, drainDelayMs);
  log.info({}, 'gateway stopped');
}

/** Passes every exchange to each observer. */
function observeWith(
  logAccess: Observe,
  logNearestRoute: Observe,
  metrics: Metrics,
  watch: Observe | undefined,
): Observe {
  return (record) => {
    logAccess(record);
    if (record.shadow && record.route) metrics.countShadowRefusal(record.route, record.shadow.reason);
    if (record.reason === 'no_route') logNearestRoute(record);
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
