/** One worker process, as the primary sees it. Started by `worker-pool.ts`. */
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { EXIT_BAD } from '../model/exit.js';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { createRpcPeer, type RpcPeer } from './ipc-rpc.js';
import {
  GATEWAY_ID,
  WORKER_NUMBER,
  type WorkerAddresses,
  type PrimaryCalls,
  type WorkerCalls,
} from './worker-calls.js';

export interface WorkerProcessOptions extends Omit<PrimaryCalls, 'begin' | 'opened'> {
  /** The gateway's id. */
  readonly gateway: string;
  /** Returns the settings in force. Called when the worker begins. */
  readonly settings: () => Settings;
  readonly log: Log;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A worker from its fork until its exit. */
export class WorkerProcess {
  readonly process: ChildProcess;
  readonly remote: RpcPeer<WorkerCalls>;
  /** Resolves when the worker serves. */
  readonly opened: Promise<WorkerAddresses>;
  /** Resolves when the process has ended, or could not be started. */
  readonly ended: Promise<ExitStatus>;
  hasBegun = false;
  /** Monotonic milliseconds of this process; undefined until the worker serves. */
  openedAt: number | undefined;
  #open: (addresses: WorkerAddresses) => void = () => undefined;

  /** Forks the process. It gets its settings when it calls `begin`. */
  constructor(
    readonly number: number,
    options: WorkerProcessOptions,
  ) {
    const { gateway, ...callOptions } = options;
    const forked = cluster.fork({ [WORKER_NUMBER]: String(number), [GATEWAY_ID]: gateway });
    this.process = forked.process;
    this.opened = new Promise((resolve) => (this.#open = resolve));
    this.ended = new Promise((resolve) => {
      forked.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
      forked.on('error', (error) => {
        options.log.error({ worker: number, err: error }, 'a worker cannot be reached');
        // A process that could not be started emits no exit.
        if (forked.process.pid === undefined) resolve({ code: EXIT_BAD, signal: null });
      });
    });
    this.remote = createRpcPeer<WorkerCalls>(
      {
        // Without a callback, `send` throws on a channel that has just closed.
        send: (message, sent) => void forked.send(message, undefined, sent),
        receive: (listener) => void forked.on('message', listener),
      },
      { ...this.#calls(callOptions) },
    );
    void this.ended.then(() => this.remote.end());
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** The calls that the worker may make. */
  #calls({ settings, log, ...calls }: Omit<WorkerProcessOptions, 'gateway'>): PrimaryCalls {
    return {
      begin: () => {
        this.hasBegun = true;
        return settings();
      },
      opened: (addresses) => {
        this.openedAt = performance.now();
        log.info({ worker: this.number, pid: this.process.pid }, 'worker started');
        this.#open(addresses);
      },
      ...calls,
    };
  }
}
