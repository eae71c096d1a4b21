/** The composition root of the command: a gateway that listens. Called by `src/cli/` and `src/workers/worker.ts`. */
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
import { openProcessLog } from './process-log.js';
import { openRuntime } from './serving-runtime.js';
import { watchLoopDelay } from '../telemetry/loop-delay.js';
import { metricsText, type Measurements } from '../telemetry/metrics.js';
import { createOpenAdmin, type AdminApiContext } from './admin-api.js';
import { watchFaults, type FaultWatch } from './faults.js';
import { consoleSources, handlersOf, openTrafficOf, type Served } from './current-instance.js';
import { createObserve } from './observe.js';
import { createConsoleReports, reportOf, type AllWorkers, type ProcessReport } from './process-report.js';
import { createRefusalReports, type RefusalReports } from './refusal-reports.js';
import { limitHeapGrowth } from './limit-heap-growth.js';
import { keysThatNeedRestart } from './pending-settings.js';
import type { ProcessTraffic } from './sibling-traffic.js';
import type { TrafficHandle } from './traffic.js';

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
    /** Returns the metrics of all workers, its own included, as the text that Prometheus reads. */
    readonly collectMetrics: () => Promise<string>;
    readonly siblings: Siblings;
    /** The gateway's id: the same for all workers. */
    readonly gateway: string;
    /** Returns the traffic of all workers, its own included. */
    readonly collectTraffic: (from: number) => Promise<readonly ProcessTraffic[]>;
  } & AllWorkers;
  /** Called with every exchange, after the access log. */
  readonly watch?: Observe;
  /** The sample application that the console shows; for the demo alone. */
  readonly sample?: AdminApiContext['console']['sample'];
}

export interface Serving {
  readonly address: Listening['address'];
  readonly adminAddress: Listening['adminAddress'];
  readonly consoleAddress: Listening['consoleAddress'];
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
  /** What this process tells the console. */
  readonly report: (limit: number) => ProcessReport;
  /** The traffic of this process alone, from a bucket on. */
  readonly traffic: TrafficHandle['own'];
  /** Drains, then closes all resources. */
  readonly stop: () => Promise<void>;
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
  const openedLog = openProcessLog(started.log, env, worker?.number);
  const { log, writeInfo, setLevel, reopen, droppedLines, close: closeProcess } = openedLog;
  const parts = () => ({ current: current(), faults, traffic, listening, loopDelay, droppedLines });
  const { runtime, ring, metrics } = openRuntime(options, log, parts);
  const refusals = createRefusalReports({ log, now: runtime.now, current: () => current() });
  const state = { isDraining: false, sample: options.sample };
  const report = reportOf(ring, () => ({ lastReload: reloader.lastReload(), faults: faults.list() }));
  const reports = createConsoleReports(worker, refusals, report);
  const console = consoleSources(state, reports, parts);
  const opened = openReloader(options, runtime, { reports, console }, onReload);
  const reloader: ConfigReloader<Served> = await orClose(opened, closeProcess);
  const current = (): Served => reloader.current();
  const faults: FaultWatch = watchFaults({ current, lastReload: reloader.lastReload, now: runtime.now });
  const routes = (): Settings['routes'] => current().settings.routes;
  const loopDelay = watchLoopDelay(log);
  const traffic = openTrafficOf(worker, runtime, current);
  const closeAll = async (): Promise<void> => {
    faults.close();
    traffic.close();
    loopDelay.close();
    await reloader.close();
    await closeProcess();
  };
  const logged = { ...started.log };
  const place = { worker: worker?.number, logged, now: runtime.now };
  const observe = createObserve({ log, writeInfo, ...place, routes, metrics, refusals, traffic, watch });
  const opening = listen({
    ...handlersOf(current),
    now: runtime.monotonic,
    newId: runtime.newId,
    metrics: metricsText(worker?.collectMetrics ?? metrics.text),
    observe,
    log,
    listen: publicAddress,
    admin,
    consoleAddress: started.console?.listen,
    client: started.client,
  });
  const listening = await orClose(opening, closeAll);
  logStart(options, listening, log);

  function onReload(isInForce: boolean): void {
    metrics.countReload(isInForce);
    if (!isInForce) return;
    const { settings } = current();
    metrics.applySettings(settings);
    setLevel(settings.log.level);
    Object.assign(logged, settings.log);
    listening.applySettings(settings);
    if (!worker) warnOfInsecureSettings(settings, log);
    warnAfterReload(started, settings, log);
  }

  return {
    administration: current().administration,
    address: listening.address,
    adminAddress: listening.adminAddress,
    consoleAddress: listening.consoleAddress,
    reload() {
      reopen();
      return reloader.reload();
    },
    measure: metrics.collect,
    knownRevocations: (from) => current().revocations?.page(from),
    refusals,
    report,
    traffic: traffic.own,
    async stop() {
      state.isDraining = true;
      reloader.disable();
      await drain(listening, current().settings, log);
      await closeAll();
    },
  };
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
  { started, load, env }: ServeOptions,
  runtime: Runtime,
  context: Pick<AdminApiContext, 'reports' | 'console'>,
  onReload: (isInForce: boolean) => void,
): Promise<ConfigReloader<Served>> {
  const { log } = runtime;
  const openAdmin = createOpenAdmin({ env, runtime, ...context });
  return openConfigReloader<Served>(started, {
    load,
    async build(settings, reuse) {
      const instance = await buildGateway(settings, runtime, reuse);
      return { ...instance, ...(await openAdmin(instance)) };
    },
    onReload,
    now: runtime.now,
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
