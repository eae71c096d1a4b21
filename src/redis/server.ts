/**
 * One server of Redis, and knowing when it cannot be used: a time limit on every call, and a connection that is dropped
 * once calls go unanswered, so that an outage costs a request little while it is found out, and nothing while it is known.
 *
 * A server is up when it has done what the gate needs, which the probe asks of it: not by having accepted a connection,
 * nor by what INFO says. The probe runs on each new connection, and when a call fails with an error: where it fails too,
 * that is an outage, which lasts until the probe succeeds.
 *
 *   connecting ──probe──▶ up ──3 calls late, connection lost, or a call and the probe fail──▶ away ──probe──▶ up
 */
import type { Redis } from 'ioredis';
import type { Log } from '../model/log.js';
import { createCallFaults } from './call-faults.js';
import { isReplica, isReply, reasonOf } from './errors.js';
import { createOutageLog } from './outage-log.js';

export interface RedisServer<Redirect> {
  /** False until connected, and while an outage is known: calls are not even made then. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has ended, well or not. */
  readonly attempted: Promise<void>;
  /**
   * Asks for a list.
   *
   * @param name of the kind of call, which fails or succeeds for itself
   * @returns `away` where the server is, fails, or does not reply in time; what was asked may still be done afterwards
   */
  execute(
    question: (client: Redis) => Promise<unknown>,
    withinMs: number,
    name: string,
  ): Promise<readonly unknown[] | 'unavailable' | Redirect>;
  /** Ends the connection for good; calls that wait are `away`. */
  close(): void;
}

export interface ServerOptions<Redirect> {
  readonly client: Redis;
  /** Does what the gate needs. Rejects with the server's own error where that cannot be done. */
  readonly probe: (client: Redis) => Promise<unknown>;
  /** The most that a call may take; after an outage of late calls the probe too. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** Milliseconds from any origin, to tell how long an outage was. */
  readonly now: () => number;
  /** Stands in every line of the log. */
  readonly fields?: object;
  /** What an error means that sends the caller elsewhere: an answer, not a failure. */
  readonly readRedirect?: (error: Error) => Redirect | undefined;
  /** Told of the beginning of an outage. */
  readonly onUnavailable?: () => void;
}

/** So many calls in a row without a reply in time make an outage known. */
const UNANSWERED_CALLS = 3;
/** Between two probes of a server that refuses. */
const PROBE_AGAIN_MS = 100;
/** A replica is left after so long: who is asked for the primary may not know the new one yet. */
const LEAVE_REPLICA_MS = 200;

const CLOSED = 'the connection was closed';

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
  let unanswered = 0;
  /** Whether the outage is one of late calls: the probe, which has more time, must then be as quick as a call. */
  let wasLate = false;
  /** The last error of the connection, which says more than that it was closed. */
  let cause = CLOSED;
  let isProbing = false;
  /** When a call that failed was last the reason for a probe. */
  let doubtedAt = -Infinity;
  let later: NodeJS.Timeout | undefined;
  let settle = (): void => undefined;
  const attempted = new Promise<void>((resolve) => (settle = resolve));

  client.on('ready', () => void verify());
  client.on('error', (error) => {
    cause = reasonOf(error);
    // While it is up, this is the cause of what follows.
    if (state !== 'up') goUnavailable(cause);
  });
  client.on('close', () => {
    clearTimeout(later);
    isProbing = false;
    goUnavailable(cause);
  });

  function goUnavailable(reason: string): void {
    if (state === 'closed') return;
    if (state === 'unavailable') {
      if (reason !== CLOSED) outages.goOn(reason);
      return;
    }
    state = 'unavailable';
    settle();
    outages.begin(reason);
    onUnavailable?.();
  }

  function goUp(): void {
    if (state === 'unavailable') outages.end();
    else if (state === 'connecting') outages.connected();
    state = 'up';
    settle();
    unanswered = 0;
    wasLate = false;
    cause = CLOSED;
  }

  /** Probes, and acts on what is found. @param onWell told where a server that is up has shown that it is */
  async function verify(onWell = goUp): Promise<void> {
    const { stream } = client;
    const sentAt = now();
    isProbing = true;
    const error = await probe(client).then(
      () => undefined,
      (reason: unknown) => reason ?? new Error(CLOSED),
    );
    // Another connection has a probe of its own.
    if (client.stream !== stream || client.status !== 'ready' || state === 'closed') return;
    isProbing = false;
    const isLate = wasLate && now() - sentAt > timeoutMs;
    const isDone = error === undefined || (error instanceof Error && readRedirect?.(error) !== undefined);
    if (isDone && !isLate) {
      onWell();
      return;
    }
    goUnavailable(isDone ? `a call is not answered within ${timeoutMs} ms` : reasonOf(error));
    // Probed again; over another connection, and so perhaps another server, where this one will not do.
    if (isReplica(reasonOf(error))) later = setTimeout(() => stream.destroy(), LEAVE_REPLICA_MS);
    else if (isLate || isReply(error)) later = setTimeout(() => void verify(), PROBE_AGAIN_MS);
    else stream.destroy();
  }

  function leaveUnanswered(): void {
    unanswered += 1;
    if (unanswered < UNANSWERED_CALLS || !isUp()) return;
    wasLate = true;
    goUnavailable(`${UNANSWERED_CALLS} calls in a row were not answered in time`);
    // Ends every call that still waits. Connecting anew finds out when Redis answers again.
    client.stream.destroy();
  }

  function fail(error: unknown, name: string): void {
    // The end of a connection is told by its own events.
    if (!isUp()) return;
    const reason = reasonOf(error);
    if (isReplica(reason)) {
      goUnavailable(reason);
      client.stream.destroy();
    } else if (error !== undefined && !isReply(error)) {
      leaveUnanswered();
    } else if (!isProbing && now() - doubtedAt >= PROBE_AGAIN_MS) {
      doubtedAt = now();
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

    execute(question, withinMs, name) {
      if (!isUp()) return Promise.resolve('unavailable');
      return new Promise((resolve) => {
        let waiting = true;
        const timer = setTimeout(() => {
          // Timers come before input in a turn. A reply that is already here, after a busy moment, is not late.
          setImmediate(() => {
            if (!waiting) return;
            waiting = false;
            leaveUnanswered();
            resolve('unavailable');
          });
        }, withinMs);
        const finish = (reply: unknown, error?: unknown) => {
          if (!waiting) return;
          waiting = false;
          clearTimeout(timer);
          const redirect = error instanceof Error ? readRedirect?.(error) : undefined;
          if (redirect !== undefined) {
            unanswered = 0;
            resolve(redirect);
          } else if (Array.isArray(reply)) {
            unanswered = 0;
            faults.succeed(name);
            resolve(reply);
          } else {
            fail(error, name);
            resolve('unavailable');
          }
        };
        question(client).then(finish, (error: unknown) => finish(undefined, error));
      });
    },

    close() {
      state = 'closed';
      clearTimeout(later);
      settle();
      outages.close();
      client.disconnect();
    },
  };
}
