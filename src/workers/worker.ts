/** One of several workers: a gate that begins, is loaded again and ends as the primary says. */
import cluster from 'node:cluster';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { AlreadyReported, EXIT_BAD, EXIT_OK } from '../model/exit.js';
import { createRpcPeer, PeerExited, type RpcChannel } from './ipc-rpc.js';
import { serve, type Serving } from '../app/serve.js';
import { WORKER_NUMBER, type PrimaryCalls, type WorkerCalls } from './worker-calls.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A terminal or a service manager may send them to every process of the gate: what is to be done the primary says. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Whether this process was forked by a gate's primary. */
export function isWorker(env: Environment): boolean {
  return cluster.isWorker && env[WORKER_NUMBER] !== undefined;
}

/** @returns the exit code, when the gate is closed; rejects where it cannot be opened */
export async function runWorker(file: string, env: Environment): Promise<number> {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
  // Without a primary nobody would end it, and the next gate could not have its port. At once: a log that cannot be
  // written must not hold it either.
  cluster.worker?.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

  let told: Settings | undefined;
  let drain = (): void => undefined;
  const draining = new Promise<void>((resolve) => (drain = resolve));
  const primary = createRpcPeer<PrimaryCalls>(PRIMARY, {
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
    const place = Number(env[WORKER_NUMBER]);
    const gate = await serve({
      started: await primary.call('begin'),
      load: async () => told ?? (await loadConfig(file, env)).settings,
      env,
      worker: {
        place,
        collectMetrics: () => primary.call('collectMetrics'),
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
    if (error instanceof PeerExited) throw new AlreadyReported(EXIT_BAD);
    throw error;
  } finally {
    // Nothing more is heard of the primary, so that the process can end.
    process.channel?.unref();
  }
}

const PRIMARY: RpcChannel = {
  send: (message, sent) => void process.send?.(message, undefined, undefined, sent),
  receive: (listener) => void process.on('message', listener),
};
