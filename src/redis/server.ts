/**
 * One Redis server and its availability; `connection.ts` and `slot-map.ts` create it. Every call has a time limit, and a
 * connection is dropped after several calls without a reply. So an outage costs a request little while it is being
 * detected, and nothing once it is known.
 *
 * A server is up when the probe has succeeded: it does what the gateway needs. An accepted connection or the reply to
 * INFO does not prove that. The probe runs on each new connection and when a call fails with an error. Where the probe
 * fails too, there is an outage, which lasts until the probe succeeds.
 *
 *   connecting ──probe──▶ up ──3 calls late, connection lost, or a call and the probe fail──▶ unavailable ──probe──▶ up
 */
import type { Redis } from 'ioredis';
import type { Log } from '../model/log.js';
import { NO_MEASURES, type Measures } from '../model/measures.js';
import { createCallFaults, type CallFaults } from './call-faults.js';
import { isReplica, isReply, reasonOf } from './errors.js';
import { createOutageLog, type OutageLog } from './outage-log.js';

export interface RedisServer<Redirect> {
  /** False until connected and during a known outage. Then no calls are made. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has succeeded or failed. */
  readonly attempted: Promise<void>;
  /**
   * Runs a command that replies with a list. Never rejects.
   *
   * @param name of the kind of call; each kind fails or succeeds by itself
   * @returns `unavailable` where the server is unavailable, fails, or does not reply in time; the command may still run
   *   later
   */
  execute(
    command: (client: Redis) => Promise<unknown>,
    withinMs: number,
    name: string,
  ): Promise<readonly unknown[] | 'unavailable' | Redirect>;
  /** Ends the connection. Pending calls return `unavailable`. */
  close(): void;
}

export interface ServerOptions<Redirect> {
  readonly client: Redis;
  /** Checks that the server does what the gateway needs. Rejects with the server's own error where it does not. */
  readonly probe: (client: Redis) => Promise<unknown>;
  /** The longest time for a call, and for the probe after an outage of late calls. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** Milliseconds from any origin, to measure outages. */
  readonly now: () => number;
  /** Measures the calls; by default nothing does. */
  readonly measures?: Pick<Measures, 'redisCall'> | undefined;
  /** Added to every line of the log. */
  readonly fields?: object;
  /** Reads an error that refers the caller to another server. Such an error is a reply, not a failure. */
  readonly readRedirect?: (error: Error) => Redirect | undefined;
  /** Runs when an outage begins. */
  readonly onUnavailable?: () => void;
}

/** An outage begins after this many calls in a row without a reply in time. */
const LATE_CALLS = 3;
/** Between two probes of a server that replies with errors. */
const PROBE_AGAIN_MS = 100;
/** The delay before the connection to a replica is dropped. A Sentinel may not know the new primary sooner. */
const LEAVE_REPLICA_MS = 200;

const CLOSED = 'the connection was closed';

/** Creates a server from a client that connects by itself. The server owns the client and closes it. */
export function createRedisServer<Redirect = never>(options: ServerOptions<Redirect>): RedisServer<Redirect> {
  return new ProbedServer(options);
}

class ProbedServer<Redirect> implements RedisServer<Redirect> {
  readonly attempted: Promise<void>;
  readonly #options: ServerOptions<Redirect>;
  readonly #client: Redis;
  readonly #outages: OutageLog;
  readonly #faults: CallFaults;
  #state: 'connecting' | 'up' | 'unavailable' | 'closed' = 'connecting';
  #lateCalls = 0;
  /** Whether late calls caused the outage. Then the probe, which has more time, must be as fast as a call. */
  #callsWereLate = false;
  /** The last error of the connection. It is more specific than `CLOSED`. */
  #cause = CLOSED;
  #isProbing = false;
  /** When a failed call last caused a probe. */
  #probedForCallAt = -Infinity;
  #retryTimer: NodeJS.Timeout | undefined;
  #resolveAttempted = (): void => undefined;

  constructor(options: ServerOptions<Redirect>) {
    const { client, log, now, fields = {} } = options;
    this.#options = options;
    this.#client = client;
    this.#outages = createOutageLog({ log, now, fields });
    this.#faults = createCallFaults({ log, now, fields });
    this.attempted = new Promise((resolve) => (this.#resolveAttempted = resolve));
    client.on('ready', () => void this.#verify());
    client.on('error', (error) => this.#onError(error));
    client.on('close', () => this.#onClose());
  }

  get isUp(): boolean {
    return this.#state === 'up' && this.#client.status === 'ready';
  }

  execute(
    command: (client: Redis) => Promise<unknown>,
    withinMs: number,
    name: string,
  ): Promise<readonly unknown[] | 'unavailable' | Redirect> {
    if (!this.isUp) return Promise.resolve('unavailable');
    const { now, measures = NO_MEASURES } = this.#options;
    const sentAt = now();
    return new Promise((resolve) => {
      let isPending = true;
      const timer = setTimeout(() => {
        // Timers run before input within a tick. After a long tick, a reply that has already arrived is not late.
        setImmediate(() => {
          if (!isPending) return;
          isPending = false;
          measures.redisCall(now() - sentAt);
          this.#countLateCall();
          resolve('unavailable');
        });
      }, withinMs);
      const finish = (reply: unknown, error?: unknown): void => {
        if (!isPending) return;
        isPending = false;
        clearTimeout(timer);
        measures.redisCall(now() - sentAt);
        resolve(this.#resultOf(name, reply, error));
      };
      command(this.#client).then(finish, (error: unknown) => finish(undefined, error));
    });
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#retryTimer);
    this.#resolveAttempted();
    this.#outages.close();
    this.#client.disconnect();
  }

  #onError(error: unknown): void {
    this.#cause = reasonOf(error);
    // In the state `up`, a `close` event follows and reports this cause.
    if (this.#state !== 'up') this.#goUnavailable(this.#cause);
  }

  #onClose(): void {
    clearTimeout(this.#retryTimer);
    this.#isProbing = false;
    this.#goUnavailable(this.#cause);
  }

  #goUnavailable(reason: string): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'unavailable') {
      if (reason !== CLOSED) this.#outages.continue(reason);
      return;
    }
    this.#state = 'unavailable';
    this.#resolveAttempted();
    this.#outages.begin(reason);
    this.#options.onUnavailable?.();
  }

  #goUp(): void {
    if (this.#state === 'unavailable') this.#outages.end();
    else if (this.#state === 'connecting') this.#outages.connected();
    this.#state = 'up';
    this.#resolveAttempted();
    this.#lateCalls = 0;
    this.#callsWereLate = false;
    this.#cause = CLOSED;
  }

  /** Probes the server and changes the state by the result. @param onSuccess runs instead of `#goUp` after a success */
  async #verify(onSuccess = () => this.#goUp()): Promise<void> {
    const { probe, timeoutMs, now, readRedirect } = this.#options;
    const { stream } = this.#client;
    const sentAt = now();
    this.#isProbing = true;
    const error = await probe(this.#client).then(
      () => undefined,
      (reason: unknown) => reason ?? new Error(CLOSED),
    );
    // A newer connection has its own probe.
    if (this.#client.stream !== stream || this.#client.status !== 'ready' || this.#state === 'closed') return;
    this.#isProbing = false;
    const isLate = this.#callsWereLate && now() - sentAt > timeoutMs;
    const hasSucceeded =
      error === undefined || (error instanceof Error && readRedirect?.(error) !== undefined);
    if (hasSucceeded && !isLate) {
      onSuccess();
      return;
    }
    this.#goUnavailable(hasSucceeded ? `a call has no reply within ${timeoutMs} ms` : reasonOf(error));
    // Probe again: over a new connection, and so perhaps to another server, where this one is of no use.
    if (isReplica(reasonOf(error))) this.#retryTimer = setTimeout(() => stream.destroy(), LEAVE_REPLICA_MS);
    else if (isLate || isReply(error))
      this.#retryTimer = setTimeout(() => void this.#verify(), PROBE_AGAIN_MS);
    else stream.destroy();
  }

  /** Records the end of a call and returns its result. */
  #resultOf(name: string, reply: unknown, error: unknown): readonly unknown[] | 'unavailable' | Redirect {
    const redirect = error instanceof Error ? this.#options.readRedirect?.(error) : undefined;
    if (redirect !== undefined) {
      this.#lateCalls = 0;
      return redirect;
    }
    if (Array.isArray(reply)) {
      this.#lateCalls = 0;
      this.#faults.succeed(name);
      return reply as readonly unknown[];
    }
    this.#recordFailure(error, name);
    return 'unavailable';
  }

  #countLateCall(): void {
    this.#lateCalls += 1;
    if (this.#lateCalls < LATE_CALLS || !this.isUp) return;
    this.#callsWereLate = true;
    this.#goUnavailable(`${LATE_CALLS} calls in a row had no reply in time`);
    // Ends every pending call. Reconnecting detects when Redis replies again.
    this.#client.stream.destroy();
  }

  #recordFailure(error: unknown, name: string): void {
    // The connection's own events report its end.
    if (!this.isUp) return;
    const { now } = this.#options;
    const reason = reasonOf(error);
    if (isReplica(reason)) {
      this.#goUnavailable(reason);
      this.#client.stream.destroy();
    } else if (error !== undefined && !isReply(error)) {
      this.#countLateCall();
    } else if (!this.#isProbing && now() - this.#probedForCallAt >= PROBE_AGAIN_MS) {
      this.#probedForCallAt = now();
      void this.#verify(() => this.#faults.fail(name, reason));
    }
  }
}
