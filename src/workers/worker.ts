/** One of several workers: a whole gateway that starts, reloads and drains when the primary asks. Called by `src/cli/`. */
import cluster from 'node:cluster';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { AlreadyReported, EXIT_BAD, EXIT_OK } from '../model/exit.js';
import { createRpcPeer, PeerExited, type RpcChannel } from './ipc-rpc.js';
import { serve, type Serving } from '../app/serve.js';
import { GATEWAY_ID, WORKER_NUMBER, type PrimaryCalls, type WorkerCalls } from './worker-calls.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Ignored here, since a terminal or a service manager may send them to every process. Only the primary acts on them. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Returns whether this process was forked by a gateway's primary. */
export function isWorker(env: Environment): boolean {
  return cluster.isWorker && env[WORKER_NUMBER] !== undefined;
}

/**
 * Serves until the primary drains this worker.
 *
 * @returns the exit code, when the gateway is closed
 * @throws AlreadyReported where the primary has ended; else rejects where the gateway cannot be opened
 */
export async function runWorker(file: string, env: Environment): Promise<number> {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
  // Without a primary nothing would end this worker, and the next gateway could not bind its port. SIGKILL, so that a log
  // that cannot be written does not delay the exit.
  cluster.worker?.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

  let received: Settings | undefined;
  let drain = (): void => undefined;
  const draining = new Promise<void>((resolve) => (drain = resolve));
  const primary = createRpcPeer<PrimaryCalls>(PRIMARY, {
    async reload(settings) {
      const gateway = await opening;
      received = settings;
      return gateway.reload();
    },
    measure: async () => (await opening).measure(),
    knownRevocations: async (from) => (await opening).knownRevocations(from),
    refusals: async (filter) => (await opening).refusals.list(filter),
    findRefusal: async (id) => (await opening).refusals.find(id),
    report: async (limit) => (await opening).report(limit),
    traffic: async (from) => (await opening).traffic(from),
    drain() {
      drain();
    },
  } satisfies WorkerCalls);

  async function open(): Promise<Serving> {
    const number = Number(env[WORKER_NUMBER]);
    const gateway = await serve({
      started: await primary.call('begin'),
      load: async () => received ?? (await loadConfig(file, env)).settings,
      env,
      worker: {
        number,
        gateway: env[GATEWAY_ID] ?? '',
        collectReports: (limit) => primary.call('collectReports', limit),
        collectTraffic: (from) => primary.call('collectTraffic', from),
        collectMetrics: () => primary.call('collectMetrics'),
        refusals: {
          list: (filter) => primary.call('collectRefusals', filter),
          find: (id) => primary.call('findRefusal', id),
        },
        siblings: {
          isFirst: number === 1,
          fetchPage: (from) => primary.call('knownRevocations', from),
        },
      },
    });
    await primary.call('opened', { address: gateway.address, adminAddress: gateway.adminAddress });
    return gateway;
  }

  const opening = open();
  try {
    const gateway = await opening;
    await draining;
    await gateway.stop();
    return EXIT_OK;
  } catch (error) {
    // The primary ended while this worker started, so there is nobody to report to.
    if (error instanceof PeerExited) throw new AlreadyReported(EXIT_BAD);
    throw error;
  } finally {
    // The channel must not keep the process alive.
    process.channel?.unref();
  }
}

const PRIMARY: RpcChannel = {
  send: (message, sent) => void process.send?.(message, undefined, undefined, sent),
  receive: (listener) => void process.on('message', listener),
};
