/**
 * The primary of a gate with several workers: it reads the file, starts them, and passes on to them what is asked of the
 * gate. No request comes through it.
 */
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../model/settings.js';
import { createLog } from '../telemetry/log.js';
import type { Measurements } from '../telemetry/metrics.js';
import { readAdminToken } from '../app/admin-token.js';
import { createWorkerPool } from './worker-pool.js';
import { pendingSettings } from '../app/pending-settings.js';

/** What a worker gets beyond the drain's own time, to close what it holds. */
const AFTER_DRAIN_MS = 5000;
/** A worker that is too busy to tell its metrics is left out. */
const MEASURE_MS = 1000;

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

/** Of a whole gate, as of one that serves alone. */
export interface RunningGateway {
  /** Puts the file as it is now in force in every worker, where it can be used. Never rejects. */
  readonly reload: () => Promise<unknown>;
  /** Drains and ends every worker. */
  readonly stop: () => Promise<void>;
}

/** Resolves when all workers serve. */
export async function runPrimary({ started, load, env }: PrimaryOptions): Promise<RunningGateway> {
  // The workers accept by themselves. A primary that accepts for them (SCHED_RR) holds connections on their way to a
  // worker, and where that dies they stay open and are never answered.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // A structured clone: settings have sets and maps in them.
  cluster.setupPrimary({ serialization: 'advanced' });
  const { log, setLevel, reopen, close: closeLog } = createLog(started.log);
  // Of workers that made it all at once one might read it half written.
  await readAdminToken(env);

  let active = started;
  const pool = createWorkerPool({ size: countWorkers(started), settings: () => active, collectMetrics, log });

  async function collectMetrics(): Promise<readonly Measurements[]> {
    const all = pool
      .workers()
      .map((worker) => Promise.race([worker.call('measure').catch(() => undefined), sleep(MEASURE_MS)]));
    return (await Promise.all(all)).filter((one) => one !== undefined);
  }

  /** One worker tries it first: what is wrong is said once, and is in force nowhere. */
  async function replace(): Promise<void> {
    reopen();
    // Where it cannot be used, the worker finds so itself, for its log and its metrics.
    const settings = await load().catch(() => undefined);
    const [first] = pool.workers();
    const isInForce = await first?.call('reload', settings).catch(() => false);
    if (!settings || !isInForce) return;
    active = pendingSettings(started, settings);
    setLevel(active.log.level);
    // Whoever begins from now on begins with these.
    const others = pool.workers().filter((worker) => worker !== first);
    await Promise.allSettled(others.map((worker) => worker.call('reload', active)));
  }

  const { address, adminAddress } = await pool.open().catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  log.info({ address, admin: adminAddress, workers: countWorkers(started) }, 'all workers are open');
  let replacing = Promise.resolve();
  return {
    reload: () =>
      (replacing = replacing.then(replace).catch((error: unknown) => {
        // Each reload waits for the one before it, so one that rejects would be the last.
        log.error({ err: error }, 'a reload failed');
      })),
    async stop() {
      await pool.drain(active.drainTimeoutMs + AFTER_DRAIN_MS);
      await closeLog();
    },
  };
}
