/**
 * One Redis server and its availability; `connection.ts` and `cluster.ts` create it. Every call has a time limit, and a
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
import { createCallFaults } from './call-faults.js';
import { isReplica, isReply, reasonOf } from './errors.js';
import { createOutageLog } from './outage-log.js';

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
export function createRedisServer<Redirect = never>({
  client,
  probe,
  timeoutMs,
  log,
  now,
  fields = {},
  readRedirect,
  onUnavailable,
}: ServerOptions<Redirect>): RedisServer<Redirect> {
  const outages = createOutageLog({ log, now, fields });
  const faults = createCallFaults({ log, now, fields });
  let state: 'connecting' | 'up' | 'unavailable' | 'closed' = 'connecting';
  let lateCalls = 0;
  /** Whether late calls caused the outage. Then the probe, which has more time, must be as fast as a call. */
  let callsWereLate = false;
  /** The last error of the connection. It is more specific than `CLOSED`. */
  let cause = CLOSED;
  let isProbing = false;
  /** When a failed call last caused a probe. */
  let probedForCallAt = -Infinity;
  let retryTimer: NodeJS.Timeout | undefined;
  let resolveAttempted = (): void => undefined;
  const attempted = new Promise<void>((resolve) => (resolveAttempted = resolve));

  client.on('ready', () => void verify());
  client.on('error', (error) => {
    cause = reasonOf(error);
    // In the state `up`, a `close` event follows and reports this cause.
    if (state !== 'up') goUnavailable(cause);
  });
  client.on('close', () => {
    clearTimeout(retryTimer);
    isProbing = false;
    goUnavailable(cause);
  });

  function goUnavailable(reason: string): void {
    if (state === 'closed') return;
    if (state === 'unavailable') {
      if (reason !== CLOSED) outages.continue(reason);
      return;
    }
    state = 'unavailable';
    resolveAttempted();
    outages.begin(reason);
    onUnavailable?.();
  }

  function goUp(): void {
    if (state === 'unavailable') outages.end();
    else if (state === 'connecting') outages.connected();
    state = 'up';
    resolveAttempted();
    lateCalls = 0;
    callsWereLate = false;
    cause = CLOSED;
  }

  /** Probes the server and changes the state by the result. @param onSuccess runs instead of `goUp` after a success */
  async function verify(onSuccess = goUp): Promise<void> {
    const { stream } = client;
    const sentAt = now();
    isProbing = true;
    const error = await probe(client).then(
      () => undefined,
      (reason: unknown) => reason ?? new Error(CLOSED),
    );
    // A newer connection has its own probe.
    if (client.stream !== stream || client.status !== 'ready' || state === 'closed') return;
    isProbing = false;
    const isLate = callsWereLate && now() - sentAt > timeoutMs;
    const hasSucceeded =
      error === undefined || (error instanceof Error && readRedirect?.(error) !== undefined);
    if (hasSucceeded && !isLate) {
      onSuccess();
      return;
    }
    goUnavailable(hasSucceeded ? `a call is not answered within ${timeoutMs} ms` : reasonOf(error));
    // Probe again: over a new connection, and so perhaps to another server, where this one is of no use.
    if (isReplica(reasonOf(error))) retryTimer = setTimeout(() => stream.destroy(), LEAVE_REPLICA_MS);
    else if (isLate || isReply(error)) retryTimer = setTimeout(() => void verify(), PROBE_AGAIN_MS);
    else stream.destroy();
  }

  function countLateCall(): void {
    lateCalls += 1;
    if (lateCalls < LATE_CALLS || !isUp()) return;
    callsWereLate = true;
    goUnavailable(`${LATE_CALLS} calls in a row were not answered in time`);
    // Ends every pending call. Reconnecting detects when Redis replies again.
    client.stream.destroy();
  }

  function fail(error: unknown, name: string): void {
    // The connection's own events report its end.
    if (!isUp()) return;
    const reason = reasonOf(error);
    if (isReplica(reason)) {
      goUnavailable(reason);
      client.stream.destroy();
    } else if (error !== undefined && !isReply(error)) {
      countLateCall();
    } else if (!isProbing && now() - probedForCallAt >= PROBE_AGAIN_MS) {
      probedForCallAt = now();
      void verify(() => faults.fail(name, reason));
    }
  }

  function isUp(): boolean {
    return state === 'up' && client.status === 'ready';
  }

  return {
    get isUp() {
      return isUp();
    },
    attempted,

    execute(command, withinMs, name) {
      if (!isUp()) return Promise.resolve('unavailable');
      return new Promise((resolve) => {
        let isPending = true;
        const timer = setTimeout(() => {
          // Timers run before input within a tick. After a long tick, a reply that has already arrived is not late.
          setImmediate(() => {
            if (!isPending) return;
            isPending = false;
            countLateCall();
            resolve('unavailable');
          });
        }, withinMs);
        const finish = (reply: unknown, error?: unknown) => {
          if (!isPending) return;
          isPending = false;
          clearTimeout(timer);
          const redirect = error instanceof Error ? readRedirect?.(error) : undefined;
          if (redirect !== undefined) {
            lateCalls = 0;
            resolve(redirect);
          } else if (Array.isArray(reply)) {
            lateCalls = 0;
            faults.succeed(name);
            resolve(reply);
          } else {
            fail(error, name);
            resolve('unavailable');
          }
        };
        command(client).then(finish, (error: unknown) => finish(undefined, error));
      });
    },

    close() {
      state = 'closed';
      clearTimeout(retryTimer);
      resolveAttempted();
      outages.close();
      client.disconnect();
    },
  };
}
