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
import { readAdminToken } from './admin-token.js';
import type { Terminal } from './command.js';
import { createCrew } from './crew.js';
import { untilRestart } from './restart.js';

/** What a worker gets beyond the drain's own time, to close what it holds. */
const AFTER_DRAIN_MS = 5000;
/** A worker that is too busy to tell its metrics is left out. */
const MEASURE_MS = 1000;

export function countWorkers({ workers }: Settings): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

export interface SuperviseOptions {
  /** The file as it was read at the start. */
  readonly started: Settings;
  /** Reads the file again, at each reload. */
  readonly load: () => Promise<Settings>;
  readonly env: Terminal['env'];
}

/** Of a whole gate, as of one that serves alone. */
export interface Supervision {
  /** Puts the file as it is now in force in every worker, where it can be used. Never rejects. */
  readonly reload: () => Promise<unknown>;
  /** Drains and ends every worker. */
  readonly stop: () => Promise<void>;
}

/** Resolves when all workers serve. */
export async function supervise({ started, load, env }: SuperviseOptions): Promise<Supervision> {
  // The workers accept by themselves. A primary that accepts for them (SCHED_RR) holds connections on their way to a
  // worker, and where that dies they stay open and are never answered.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // A structured clone: settings have sets and maps in them.
  cluster.setupPrimary({ serialization: 'advanced' });
  const { log, setLevel, reopen, close: closeLog } = createLog(started.log);
  // Of workers that made it all at once one might read it half written.
  await readAdminToken(env);

  let inForce = started;
  const crew = createCrew({ size: countWorkers(started), settings: () => inForce, gather, log });

  async function gather(): Promise<readonly Measurements[]> {
    const all = crew
      .members()
      .map((worker) => Promise.race([worker.call('measure').catch(() => undefined), sleep(MEASURE_MS)]));
    return (await Promise.all(all)).filter((one) => one !== undefined);
  }

  /** One worker tries it first: what is wrong is said once, and is in force nowhere. */
  async function replace(): Promise<void> {
    reopen();
    // Where it cannot be used, the worker finds so itself, for its log and its metrics.
    const settings = await load().catch(() => undefined);
    const [first] = crew.members();
    const isInForce = await first?.call('reload', settings).catch(() => false);
    if (!settings || !isInForce) return;
    inForce = untilRestart(started, settings);
    setLevel(inForce.log.level);
    // Whoever begins from now on begins with these.
    const others = crew.members().filter((worker) => worker !== first);
    await Promise.allSettled(others.map((worker) => worker.call('reload', inForce)));
  }

  const { address, adminAddress } = await crew.open().catch(async (error: unknown) => {
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
      await crew.drain(inForce.drainTimeoutMs + AFTER_DRAIN_MS);
      await closeLog();
    },
  };
}
