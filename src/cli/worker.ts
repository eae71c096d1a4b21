/** One of several workers: a gate that begins, is loaded again and ends as the primary says. */
import cluster from 'node:cluster';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { AlreadyTold, EXIT_BAD, EXIT_OK, type Terminal } from './command.js';
import { createRemote, Ended, type Port } from './remote.js';
import { serve, type Serving } from './serve.js';
import { PLACE, type PrimaryCalls, type WorkerCalls } from './worker-calls.js';

type Environment = Terminal['env'];

/** A terminal or a service manager may send them to every process of the gate: what is to be done the primary says. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Whether this process was forked by a gate's primary. */
export function isWorker(env: Environment): boolean {
  return cluster.isWorker && env[PLACE] !== undefined;
}

/** @returns the exit code, when the gate is closed; rejects where it cannot be opened */
export async function work(file: string, env: Environment): Promise<number> {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
  // Without a primary nobody would end it, and the next gate could not have its port. At once: a log that cannot be
  // written must not hold it either.
  cluster.worker?.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

  let told: Settings | undefined;
  let drain = (): void => undefined;
  const draining = new Promise<void>((resolve) => (drain = resolve));
  const primary = createRemote<PrimaryCalls>(PRIMARY, {
    async reload(settings) {
      const gate = await opening;
      told = settings;
      return gate.reload();
    },
    measure: async () => (await opening).measure(),
    knownRevocations: async (from) => (await opening).knownRevocations(from),
    drain() {
      drain();
    },
  } satisfies WorkerCalls);

  async function open(): Promise<Serving> {
    const place = Number(env[PLACE]);
    const gate = await serve({
      started: await primary.call('begin'),
      load: async () => told ?? (await loadConfig(file, env)).settings,
      env,
      worker: {
        place,
        gather: () => primary.call('gather'),
        siblings: {
          isFirst: place === 1,
          askForPage: (from) => primary.call('knownRevocations', from),
        },
      },
    });
    await primary.call('opened', { address: gate.address, adminAddress: gate.adminAddress });
    return gate;
  }

  const opening = open();
  try {
    const gate = await opening;
    await draining;
    await gate.stop();
    return EXIT_OK;
  } catch (error) {
    // The primary was ended while this worker began: nobody is left to be told.
    if (error instanceof Ended) throw new AlreadyTold(EXIT_BAD);
    throw error;
  } finally {
    // Nothing more is heard of the primary, so that the process can end.
    process.channel?.unref();
  }
}

const PRIMARY: Port = {
  send: (message, sent) => void process.send?.(message, undefined, undefined, sent),
  receive: (listener) => void process.on('message', listener),
};
