/**
 * The worker processes of a gateway, numbered from 1. A worker that ends is replaced at once, or after a growing pause if
 * those with its number repeatedly end soon after they open. Called by `primary.ts`.
 */
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { AlreadyReported, EXIT_BAD, CommandFailed } from '../model/exit.js';
import { createRpcPeer, type RpcPeer } from './ipc-rpc.js';
import { WORKER_NUMBER, type Addresses, type PrimaryCalls, type WorkerCalls } from './worker-calls.js';

export interface WorkerPoolOptions {
  readonly size: number;
  /** Returns the settings in force. Called when a worker begins. */
  readonly settings: () => Settings;
  readonly collectMetrics: PrimaryCalls['collectMetrics'];
  readonly log: Log;
}

export interface WorkerPool {
  /** Resolves when every worker serves. If one cannot, kills all of them and rejects. */
  readonly open: () => Promise<Addresses>;
  /** Each worker that has begun, including those that do not serve yet, ordered by number. */
  readonly workers: () => readonly RpcPeer<WorkerCalls>[];
  /** Drains every worker, and kills those that have not ended at the deadline. */
  readonly drain: (deadlineMs: number) => Promise<void>;
}

interface Worker {
  readonly number: number;
  readonly process: ChildProcess;
  readonly remote: RpcPeer<WorkerCalls>;
  hasBegun: boolean;
  /** Monotonic milliseconds of this process; undefined until the worker serves. */
  openedAt: number | undefined;
  readonly opened: Promise<Addresses>;
  readonly ended: Promise<ExitStatus>;
}

interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A worker that ends sooner than this after it opened probably has the same fault as the one before. */
const EARLY_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Creates the pool. It starts no worker until `open` is called. */
export function createWorkerPool({ size, settings, collectMetrics, log }: WorkerPoolOptions): WorkerPool {
  const workers = new Map<number, Worker>();
  const ending = new AbortController();

  function spawn(number: number): Worker {
    const forked = cluster.fork({ [WORKER_NUMBER]: String(number) });
    const ended = new Promise<ExitStatus>((resolve) => {
      forked.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
      forked.on('error', (error) => {
        log.error({ worker: number, err: error }, 'a worker cannot be reached');
        // A process that could not be started emits no exit.
        if (forked.process.pid === undefined) resolve({ code: EXIT_BAD, signal: null });
      });
    });
    let open: (addresses: Addresses) => void;
    const opened = new Promise<Addresses>((resolve) => (open = resolve));
    const calls: PrimaryCalls = {
      begin() {
        worker.hasBegun = true;
        return settings();
      },
      opened(addresses) {
        worker.openedAt = performance.now();
        log.info({ worker: number, pid: forked.process.pid }, 'worker started');
        open(addresses);
      },
      async knownRevocations(from) {
        const other = [...workers.values()].find((one) => one.openedAt !== undefined);
        return other?.remote.call('knownRevocations', from);
      },
      collectMetrics: collectMetrics,
    };
    const remote = createRpcPeer<WorkerCalls>(
      {
        // Without a callback, `send` throws on a channel that has just closed.
        send: (message, sent) => void forked.send(message, undefined, sent),
        receive: (listener) => void forked.on('message', listener),
      },
      { ...calls },
    );
    const worker: Worker = {
      number,
      process: forked.process,
      remote,
      hasBegun: false,
      openedAt: undefined,
      opened,
      ended,
    };
    workers.set(number, worker);
    void ended.then(() => {
      workers.delete(number);
      remote.end();
    });
    return worker;
  }

  async function openWorker(number: number): Promise<Addresses> {
    const worker = spawn(number);
    const failed = worker.ended.then(({ code, signal }): never => {
      if (code === null)
        throw new CommandFailed(`a worker was ended by ${signal ?? 'the system'} before it served`);
      throw new AlreadyReported(code);
    });
    const addresses = await Promise.race([worker.opened, failed]);
    void keepReplacing(worker);
    return addresses;
  }

  /** Starts another worker with the same number whenever one ends. */
  async function keepReplacing(first: Worker): Promise<void> {
    let worker = first;
    for (let earlyExits = 0; ;) {
      const { code, signal } = await worker.ended;
      if (ending.signal.aborted) return;
      const { openedAt = Infinity } = worker;
      earlyExits = performance.now() - openedAt < EARLY_MS ? earlyExits + 1 : 0;
      const pauseMs = earlyExits < 2 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (earlyExits - 2), LONGEST_PAUSE_MS);
      const { number, process } = worker;
      log.error({ worker: number, pid: process.pid, code, signal, replaced_in_ms: pauseMs }, 'worker ended');
      try {
        await sleep(pauseMs, undefined, { signal: ending.signal });
      } catch {
        return;
      }
      worker = spawn(number);
    }
  }

  async function allEnded(): Promise<void> {
    await Promise.all([...workers.values()].map(({ ended }) => ended));
  }

  return {
    async open() {
      try {
        // The first one opens alone, so that a failure to start is reported once and the others find what it created.
        const addresses = await openWorker(1);
        const others = Array.from({ length: size - 1 }, (_, index) => index + 2);
        await Promise.all(others.map(openWorker));
        return addresses;
      } catch (error) {
        ending.abort();
        for (const worker of workers.values()) worker.process.kill('SIGKILL');
        await allEnded();
        throw error;
      }
    },
    workers: () =>
      [...workers.values()]
        .filter(({ hasBegun }) => hasBegun)
        .sort((one, other) => one.number - other.number)
        .map(({ remote }) => remote),
    async drain(deadlineMs) {
      ending.abort();
      const deadline = setTimeout(() => {
        log.error({ workers: [...workers.keys()] }, 'killing workers that did not end in time');
        for (const { process } of workers.values()) process.kill('SIGKILL');
      }, deadlineMs);
      for (const { hasBegun, process, remote } of workers.values()) {
        if (hasBegun) remote.call('drain').catch(() => undefined);
        else process.kill('SIGKILL');
      }
      await allEnded();
      clearTimeout(deadline);
    },
  };
}
