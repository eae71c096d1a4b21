/**
 * The workers of a gate: so many processes, each in a place of its own. A worker that ends is replaced, at once unless
 * those of its place end again and again as soon as they have begun.
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
  /** In force when a worker begins. */
  readonly settings: () => Settings;
  readonly collectMetrics: PrimaryCalls['collectMetrics'];
  readonly log: Log;
}

export interface WorkerPool {
  /** Resolves when every worker serves. Rejects where one of them cannot; then none is left. */
  readonly open: () => Promise<Addresses>;
  /** Each worker that has begun, the ones that do not serve yet too, by their places. */
  readonly workers: () => readonly RpcPeer<WorkerCalls>[];
  /** Lets every worker end what it does; one that has not ended at the deadline is killed. */
  readonly drain: (deadlineMs: number) => Promise<void>;
}

interface Worker {
  readonly place: number;
  readonly process: ChildProcess;
  readonly remote: RpcPeer<WorkerCalls>;
  hasBegun: boolean;
  /** By the clock of this process; undefined: it has not served yet. */
  openedAt: number | undefined;
  readonly opened: Promise<Addresses>;
  readonly ended: Promise<ExitStatus>;
}

interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Whoever ends sooner than this after it was open has probably the same fault as the one before. */
const EARLY_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export function createWorkerPool({ size, settings, collectMetrics, log }: WorkerPoolOptions): WorkerPool {
  const members = new Map<number, Worker>();
  const ending = new AbortController();

  function spawn(place: number): Worker {
    const worker = cluster.fork({ [WORKER_NUMBER]: String(place) });
    const ended = new Promise<ExitStatus>((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
      worker.on('error', (error) => {
        log.error({ worker: place, err: error }, 'a worker cannot be reached');
        // Where there was no process for it, there is no exit either.
        if (worker.process.pid === undefined) resolve({ code: EXIT_BAD, signal: null });
      });
    });
    let open: (addresses: Addresses) => void;
    const opened = new Promise<Addresses>((resolve) => (open = resolve));
    const calls: PrimaryCalls = {
      begin() {
        member.hasBegun = true;
        return settings();
      },
      opened(addresses) {
        member.openedAt = performance.now();
        log.info({ worker: place, pid: worker.process.pid }, 'a worker is open');
        open(addresses);
      },
      async knownRevocations(from) {
        const other = [...members.values()].find((one) => one.openedAt !== undefined);
        return other?.remote.call('knownRevocations', from);
      },
      collectMetrics: collectMetrics,
    };
    const remote = createRpcPeer<WorkerCalls>(
      {
        // With a callback, since a channel that has just closed throws where it has none.
        send: (message, sent) => void worker.send(message, undefined, sent),
        receive: (listener) => void worker.on('message', listener),
      },
      { ...calls },
    );
    const member: Worker = {
      place,
      process: worker.process,
      remote,
      hasBegun: false,
      openedAt: undefined,
      opened,
      ended,
    };
    members.set(place, member);
    void ended.then(() => {
      members.delete(place);
      remote.end();
    });
    return member;
  }

  async function openFirst(place: number): Promise<Addresses> {
    const member = spawn(place);
    const failed = member.ended.then(({ code, signal }): never => {
      if (code === null)
        throw new CommandFailed(`a worker was ended by ${signal ?? 'the system'} before it served`);
      throw new AlreadyReported(code);
    });
    const addresses = await Promise.race([member.opened, failed]);
    void keep(member);
    return addresses;
  }

  /** Whenever the worker of a place ends, another one gets it. */
  async function keep(first: Worker): Promise<void> {
    let member = first;
    for (let inARow = 0; ;) {
      const { code, signal } = await member.ended;
      if (ending.signal.aborted) return;
      const { openedAt = Infinity } = member;
      inARow = performance.now() - openedAt < EARLY_MS ? inARow + 1 : 0;
      const pauseMs = inARow < 2 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (inARow - 2), LONGEST_PAUSE_MS);
      const { place, process } = member;
      log.error(
        { worker: place, pid: process.pid, code, signal, replaced_in_ms: pauseMs },
        'a worker has ended',
      );
      try {
        await sleep(pauseMs, undefined, { signal: ending.signal });
      } catch {
        return;
      }
      member = spawn(place);
    }
  }

  async function allEnded(): Promise<void> {
    await Promise.all([...members.values()].map(({ ended }) => ended));
  }

  return {
    async open() {
      try {
        // The first one alone: what keeps it from starting is said once, and what it has made the others find.
        const addresses = await openFirst(1);
        const others = Array.from({ length: size - 1 }, (_, index) => index + 2);
        await Promise.all(others.map(openFirst));
        return addresses;
      } catch (error) {
        ending.abort();
        for (const member of members.values()) member.process.kill('SIGKILL');
        await allEnded();
        throw error;
      }
    },
    workers: () =>
      [...members.values()]
        .filter(({ hasBegun }) => hasBegun)
        .sort((one, other) => one.place - other.place)
        .map(({ remote }) => remote),
    async drain(deadlineMs) {
      ending.abort();
      const deadline = setTimeout(() => {
        log.error({ workers: [...members.keys()] }, 'workers that do not end are killed');
        for (const { process } of members.values()) process.kill('SIGKILL');
      }, deadlineMs);
      for (const { hasBegun, process, remote } of members.values()) {
        if (hasBegun) remote.call('drain').catch(() => undefined);
        else process.kill('SIGKILL');
      }
      await allEnded();
      clearTimeout(deadline);
    },
  };
}
