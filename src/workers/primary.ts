/**
 * The primary of a gateway with several workers. It reads the file, starts the workers, and passes reloads, metrics and the
 * drain on to them. No request passes through it. Called by `src/cli/`.
 */
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../model/settings.js';
import { bestFound, mergeRefusals } from '../telemetry/refusal-json.js';
import { readAdminToken } from '../app/admin-token.js';
import { openLog } from '../app/process-log.js';
import { idOf } from '../app/traffic.js';
import type { RpcPeer } from './ipc-rpc.js';
import type { WorkerCalls } from './worker-calls.js';
import { CollectedMetrics } from './collected-metrics.js';
import { WorkerPool } from './worker-pool.js';
import { warnOfInsecureSettings } from '../app/insecure-settings.js';
import { pendingSettings } from '../app/pending-settings.js';

/** The time a worker has after its drain, to close its resources. */
const AFTER_DRAIN_MS = 5000;
/** A worker that does not respond in this time, with its metrics or refusals, is left out. */
const ASK_MS = 1000;

/** Returns the number of workers that the file asks for; `auto` is one per available core. */
export function countWorkers({ workers }: Settings): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

export interface PrimaryOptions {
  /** The file as it was read at the start. */
  readonly started: Settings;
  /** Reads the file again, at each reload. */
  readonly load: () => Promise<Settings>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A running gateway, of one process or several. */
export interface RunningGateway {
  /** Puts the current file in force in every worker, if it is valid. Never rejects. */
  readonly reload: () => Promise<unknown>;
  /** Drains and ends every worker. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the workers, and resolves when all of them serve.
 *
 * @throws OperatorError where the administrator's credential cannot be used; CommandFailed or AlreadyReported where a worker cannot open
 */
export async function runPrimary({ started, load, env }: PrimaryOptions): Promise<RunningGateway> {
  // The workers accept connections themselves. With SCHED_RR the primary accepts, and a connection on its way to a worker
  // that dies stays open without a response.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Structured clone, since settings contain sets and maps.
  cluster.setupPrimary({ serialization: 'advanced' });
  const { log, setLevel, reopen, close: closeLog } = openLog(started.log, env);
  // The primary creates the credential. If workers created it at the same time, one could read it half written.
  await readAdminToken(env);

  let active = started;
  const pool: WorkerPool = new WorkerPool({
    size: countWorkers(started),
    gateway: idOf(randomBytes(8)),
    settings: () => active,
    collectMetrics: () => metrics.text(),
    async collectRefusals(filter) {
      return mergeRefusals(await askWorkers((worker) => worker.call('refusals', filter)), filter.limit);
    },
    collectReports: (limit) => askWorkers((worker) => worker.call('report', limit)),
    collectTraffic: (from) => askWorkers((worker) => worker.call('traffic', from)),
    async findRefusal(id) {
      return bestFound(await askWorkers((worker) => worker.call('findRefusal', id)), id);
    },
    log,
  });

  const metrics = new CollectedMetrics<RpcPeer<WorkerCalls>>({
    workers: () => pool.workers(),
    measure: (worker) => inTime(worker.call('measure')),
    endedWorkers: () => pool.endedWorkers,
  });

  /** Returns what the workers respond in time, without those that fail or have nothing. */
  async function askWorkers<T>(ask: (worker: RpcPeer<WorkerCalls>) => Promise<T>): Promise<NonNullable<T>[]> {
    const all = pool.workers().map((worker) => inTime(ask(worker)));
    return (await Promise.all(all)).filter((one) => one !== undefined && one !== null);
  }

  /** The first worker tries the file first, so that an error is logged once and is in force nowhere. */
  async function reloadWorkers(): Promise<void> {
    reopen();
    // If it is not valid, the worker reads it itself, and records the error in its log and metrics.
    const settings = await load().catch(() => undefined);
    const [first] = pool.workers();
    const isInForce = await first?.call('reload', settings).catch(() => false);
    if (!settings || !isInForce) return;
    active = pendingSettings(started, settings);
    metrics.applySettings(active);
    setLevel(active.log.level);
    warnOfInsecureSettings(active, log);
    // New workers start with these settings.
    const others = pool.workers().filter((worker) => worker !== first);
    await Promise.allSettled(others.map((worker) => worker.call('reload', active)));
  }

  const { address, adminAddress } = await pool.open().catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  log.info({ address, admin: adminAddress, workers: countWorkers(started) }, 'all workers started');
  warnOfInsecureSettings(started, log);
  let reloading = Promise.resolve();
  return {
    reload: () =>
      (reloading = reloading.then(reloadWorkers).catch((error: unknown) => {
        // Each reload waits for the one before it, so a rejected one would block all later ones.
        log.error({ err: error }, 'a reload failed');
      })),
    async stop() {
      await pool.drain(active.drainTimeoutMs + AFTER_DRAIN_MS);
      await closeLog();
    },
  };
}

/** Returns the response of a worker; undefined where the call fails or takes too long. */
function inTime<T>(response: Promise<T>): Promise<T | undefined> {
  return Promise.race([response.catch(() => undefined), sleep(ASK_MS, undefined)]);
}
