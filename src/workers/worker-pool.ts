/**
 * The worker processes of a gateway, numbered from 1. A worker that ends is replaced at once, or after a growing pause if
 * those with its number repeatedly end soon after they open. Called by `primary.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AlreadyReported, CommandFailed } from '../model/exit.js';
import type { RpcPeer } from './ipc-rpc.js';
import type { WorkerAddresses, WorkerCalls } from './worker-calls.js';
import { WorkerProcess, type WorkerProcessOptions } from './worker-process.js';

export interface WorkerPoolOptions extends Omit<WorkerProcessOptions, 'knownRevocations'> {
  readonly size: number;
}

/** A worker that ends sooner than this after it opened probably has the same fault as the one before. */
const EARLY_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Starts no worker until `open` is called. */
export class WorkerPool {
  readonly #size: number;
  readonly #options: WorkerProcessOptions;
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #ending = new AbortController();
  #endedWorkers = 0;

  constructor({ size, ...options }: WorkerPoolOptions) {
    this.#size = size;
    this.#options = {
      ...options,
      knownRevocations: async (from) => {
        const open = [...this.#workers.values()].find(({ openedAt }) => openedAt !== undefined);
        return open?.remote.call('knownRevocations', from);
      },
    };
  }

  /** Resolves when every worker serves. If one cannot, kills all of them and rejects. */
  async open(): Promise<WorkerAddresses> {
    try {
      // The first one opens alone, so that a failure to start is reported once and the others find what it created.
      const addresses = await this.#openWorker(1);
      const others = Array.from({ length: this.#size - 1 }, (_, index) => index + 2);
      await Promise.all(others.map((number) => this.#openWorker(number)));
      return addresses;
    } catch (error) {
      this.#ending.abort();
      for (const worker of this.#workers.values()) worker.kill();
      await this.#allEnded();
      throw error;
    }
  }

  /** How many workers have ended and were or will be replaced. */
  get endedWorkers(): number {
    return this.#endedWorkers;
  }

  /** Returns each worker that has begun, including those that do not serve yet, ordered by number. */
  workers(): readonly RpcPeer<WorkerCalls>[] {
    return [...this.#workers.values()]
      .filter(({ hasBegun }) => hasBegun)
      .sort((one, other) => one.number - other.number)
      .map(({ remote }) => remote);
  }

  /** Drains every worker, and kills those that have not ended at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    this.#ending.abort();
    const deadline = setTimeout(() => {
      this.#options.log.error(
        { workers: [...this.#workers.keys()] },
        'killing workers that did not end in time',
      );
      for (const worker of this.#workers.values()) worker.kill();
    }, deadlineMs);
    for (const worker of this.#workers.values()) {
      if (worker.hasBegun) worker.remote.call('drain').catch(() => undefined);
      else worker.kill();
    }
    await this.#allEnded();
    clearTimeout(deadline);
  }

  #spawn(number: number): WorkerProcess {
    const worker = new WorkerProcess(number, this.#options);
    this.#workers.set(number, worker);
    void worker.ended.then(() => this.#workers.delete(number));
    return worker;
  }

  async #openWorker(number: number): Promise<WorkerAddresses> {
    const worker = this.#spawn(number);
    const addresses = await Promise.race([worker.opened, failureOf(worker)]);
    void this.#keepReplacing(worker);
    return addresses;
  }

  /** Starts another worker with the same number whenever one ends. */
  async #keepReplacing(first: WorkerProcess): Promise<void> {
    const { signal: aborted } = this.#ending;
    let worker = first;
    for (let earlyExits = 0; ;) {
      const { code, signal } = await worker.ended;
      if (aborted.aborted) return;
      this.#endedWorkers += 1;
      const { number, process, openedAt = Infinity } = worker;
      earlyExits = performance.now() - openedAt < EARLY_MS ? earlyExits + 1 : 0;
      const pauseMs = pauseAfter(earlyExits);
      this.#options.log.error(
        { worker: number, pid: process.pid, code, signal, replaced_in_ms: pauseMs },
        'worker ended',
      );
      try {
        await sleep(pauseMs, undefined, { signal: aborted });
      } catch {
        return;
      }
      worker = this.#spawn(number);
    }
  }

  async #allEnded(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended));
  }
}

/** Rejects when a worker has ended. To be raced with its opening. */
async function failureOf({ ended }: WorkerProcess): Promise<never> {
  const { code, signal } = await ended;
  if (code === null)
    throw new CommandFailed(`a worker was ended by ${signal ?? 'the system'} before it served`);
  throw new AlreadyReported(code);
}

/** Milliseconds until a replacement, after so many early exits in a row. */
function pauseAfter(earlyExits: number): number {
  return earlyExits < 2 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (earlyExits - 2), LONGEST_PAUSE_MS);
}
