/** The composition root of the command: a gateway that listens. Called by `src/cli/` and `src/workers/worker.ts`. */
import type { RequestHandler } from 'express';
import { buildGateway, type GatewayInstance } from './build-gateway.js';
import { openConfigReloader, type ConfigReloader } from './reloader.js';
import type { Runtime } from './resources.js';
import { warnOfForeignCluster } from './foreign-cluster.js';
import { warnOfInsecureSettings } from './insecure-settings.js';
import { listen, type Listening } from '../server/server.js';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import type { Siblings } from './revocations.js';
import type { KnownPage } from '../revocation/revocation.js';
import { processRuntime } from './runtime.js';
import { createLog } from '../telemetry/log.js';
import { watchLoopDelay } from '../telemetry/loop-delay.js';
import { createMetrics, sumOf, type Measurements, type Metrics } from '../telemetry/metrics.js';
import type { RefusalsApiOptions } from '../admin/refusals-api.js';
import { createOpenAdminApi } from './admin-api.js';
import { createObserve } from './observe.js';
import { createRefusalReports, type RefusalReports } from './refusal-reports.js';
import { limitHeapGrowth } from './limit-heap-growth.js';
import { keysThatNeedRestart } from './pending-settings.js';
import { openTraffic, type ProcessTraffic, type TrafficHandle } from './traffic.js';
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
    /** The gateway's id: the same for all workers. */
    readonly gateway: string;
    /** Returns the traffic of all workers, its own included. */
    readonly collectTraffic: (from: number) => Promise<readonly ProcessTraffic[]>;
    /** The refusals of all workers, its own included. */
    readonly refusals: RefusalsApiOptions;
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
  /** The recent refusals of this process alone. */
  readonly refusals: Pick<RefusalReports, 'list' | 'find'>;
  /** The traffic of this process alone, from a bucket on. */
  readonly traffic: TrafficHandle['own'];
  /** Drains, then closes all resources. */
  readonly stop: () => Promise<void>;
}

/** A gateway instance with the API of its admin port. */
interface Served extends GatewayInstance {
  /** Undefined where there is no administrator's credential. */
  readonly adminApi: RequestHandler | undefined;
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
  const refusals = createRefusalReports({ log, now: runtime.now, current: () => current() });
  const reloader = await orClose(openReloader(options, runtime, refusals, onReload), closeProcess);
  const { current } = reloader;
  const routes = (): Settings['routes'] => current().settings.routes;
  const loopDelay = watchLoopDelay(log);
  const traffic = openTrafficOf(options, runtime, current);
  const closeAll = async (): Promise<void> => {
    traffic.close();
    loopDelay.close();
    await reloader.close();
    await closeProcess();
  };
  const metrics = openMetrics(current, () => listening);
  const logged = { paths: started.log.paths };
  const place = { worker: worker?.number, logged, now: runtime.now };
  const observe = createObserve({ log, writeInfo, ...place, routes, metrics, refusals, traffic, watch });
  const opening = listen({
    current: () => current().gateway,
    now: runtime.monotonic,
    newId: runtime.newId,
    canServe: () => current().isReady(),
    metrics: worker ? sumOf(worker.collectMetrics) : metrics.registry,
    adminApi: () => current().adminApi,
    adminHosts: () => current().settings.admin?.hosts ?? [],
    observe,
    log,
    listen: publicAddress,
    admin,
    client: started.client,
  });
  const listening = await orClose(opening, closeAll);
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
    refusals,
    traffic: traffic.own,
    async stop() {
      reloader.disable();
      await drain(listening, current().settings, log);
      await closeAll();
    },
  };
}

function openMetrics(current: () => GatewayInstance, listening: () => Listening): Metrics {
  return createMetrics({
    isRedisUp: () => current().redis?.isUp,
    targets: () => current().gateway.forwarder.targets(),
    connections: () => listening().connections(),
    inFlight: () => listening().inFlight(),
    routes: () => current().settings.routes,
  });
}

/** Begins to count the traffic. */
function openTrafficOf(
  { worker }: ServeOptions,
  { now, random }: Runtime,
  current: () => GatewayInstance,
): TrafficHandle {
  return openTraffic({
    isOn: () => true,
    redis: () => current().redis,
    keyPrefix: () => current().settings.redis?.keyPrefix ?? '',
    now,
    random,
    worker: worker && { gateway: worker.gateway, collect: worker.collectTraffic },
  });
}

/** Closes what was opened before, where opening fails. */
async function orClose<T>(opening: Promise<T>, close: () => Promise<void>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await close();
    throw error;
  }
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

/** Builds the first instance of the gateway, each instance with the API of its admin port. */
function openReloader(
  { started, load, env, worker }: ServeOptions,
  runtime: Runtime,
  own: RefusalReports,
  onReload: (isInForce: boolean) => void,
): Promise<ConfigReloader<Served>> {
  const { log } = runtime;
  const openAdminApi = createOpenAdminApi({
    env,
    runtime,
    refusals: worker?.refusals ?? { list: (filter) => Promise.resolve(own.list(filter)), find: own.find },
  });
  return openConfigReloader<Served>(started, {
    load,
    async build(settings, reuse) {
      const instance = await buildGateway(settings, runtime, reuse);
      return { ...instance, adminApi: await openAdminApi(instance) };
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
