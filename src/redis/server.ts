/**
 * One server of Redis, and knowing when it is away: a time limit on every call, and a connection that is dropped once
 * calls go unanswered, so that an outage costs a request little while it is found out, and nothing while it is known.
 *
 * An outage is logged when it begins and when it ends, not for each call.
 */
import type { Redis } from 'ioredis';
import type { Log } from '../model/log.js';

export interface Server<Redirect> {
  /** False until connected, and while an outage is known: calls are not even made then. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has ended, well or not. */
  readonly attempted: Promise<void>;
  /**
   * Asks for a list.
   *
   * @returns `away` where the server is, fails, or does not reply in time; what was asked may still be done afterwards
   */
  ask(
    question: (client: Redis) => Promise<unknown>,
    withinMs: number,
  ): Promise<readonly unknown[] | 'away' | Redirect>;
  /** Ends the connection for good; calls that wait are `away`. */
  close(): void;
}

export interface ServerOptions<Redirect> {
  readonly client: Redis;
  readonly log: Log;
  /** Milliseconds from any origin, to tell how long an outage was. */
  readonly now: () => number;
  /** Stands in every line of the log. */
  readonly fields?: object;
  /** What an error means that sends the caller elsewhere: an answer, not a failure. */
  readonly readRedirect?: (error: Error) => Redirect | undefined;
  /** Told of the beginning of an outage. */
  readonly onAway?: () => void;
  /** Told of its end, and of the first connection. */
  readonly onUp?: () => void;
}

/** So many calls in a row without a reply in time make an outage known. */
const UNANSWERED_CALLS = 3;

const CLOSED = 'the connection was closed';

export function createServer<Redirect = never>({
  client,
  log,
  now,
  fields = {},
  readRedirect,
  onAway,
  onUp,
}: ServerOptions<Redirect>): Server<Redirect> {
  let state: 'connecting' | 'up' | 'away' | 'closed' = 'connecting';
  let awaySince = now();
  let unanswered = 0;
  /** The last error of the connection, which says more than that it was closed. */
  let cause = CLOSED;
  /** The error that calls fail with, though Redis answers. */
  let failing: string | undefined;

  const attempted = new Promise<void>((resolve) => {
    // Where no Sentinel answers there is nothing to close.
    client.once('ready', resolve).once('close', resolve).once('error', resolve);
  });
  client.on('ready', () => {
    if (state === 'closed') return;
    if (state === 'away') log.info({ ...fields, awayMs: Math.round(now() - awaySince) }, 'Redis is back');
    else log.info(fields, 'Redis is connected');
    state = 'up';
    unanswered = 0;
    cause = CLOSED;
    onUp?.();
  });
  client.on('error', (error) => {
    cause = error.message;
    if (state === 'connecting') goAway(cause);
  });
  client.on('close', () => goAway(cause));

  function goAway(reason: string): void {
    if (state === 'away' || state === 'closed') return;
    state = 'away';
    awaySince = now();
    log.warn({ ...fields, reason }, 'Redis is away');
    onAway?.();
  }

  function leaveUnanswered(): void {
    unanswered += 1;
    if (unanswered < UNANSWERED_CALLS || state !== 'up') return;
    goAway(`${UNANSWERED_CALLS} calls in a row were not answered in time`);
    // Ends every call that still waits. Connecting anew finds out when Redis answers again.
    client.stream.destroy();
  }

  function succeed(): void {
    unanswered = 0;
    if (failing === undefined) return;
    failing = undefined;
    log.info(fields, 'Redis calls succeed again');
  }

  function fail(error: unknown): void {
    // The end of a connection is told by its own events.
    if (!isUp()) return;
    const message = error instanceof Error ? error.message : 'not the reply of a script';
    if (failing === undefined) log.error({ ...fields, reason: message }, 'Redis calls fail');
    failing = message;
  }

  function isUp(): boolean {
    return state === 'up' && client.status === 'ready';
  }

  return {
    get isUp() {
      return isUp();
    },
    attempted,

    ask(question, withinMs) {
      if (!isUp()) return Promise.resolve('away');
      return new Promise((resolve) => {
        let waiting = true;
        const timer = setTimeout(() => {
          // Timers come before input in a turn. A reply that is already here, after a busy moment, is not late.
          setImmediate(() => {
            if (!waiting) return;
            waiting = false;
            leaveUnanswered();
            resolve('away');
          });
        }, withinMs);
        const settle = (reply: unknown, error?: unknown) => {
          if (!waiting) return;
          waiting = false;
          clearTimeout(timer);
          const redirect = error instanceof Error ? readRedirect?.(error) : undefined;
          if (redirect !== undefined) {
            unanswered = 0;
            resolve(redirect);
          } else if (Array.isArray(reply)) {
            succeed();
            resolve(reply);
          } else {
            fail(error);
            resolve('away');
          }
        };
        question(client).then(settle, (error: unknown) => settle(undefined, error));
      });
    },

    close() {
      state = 'closed';
      client.disconnect();
    },
  };
}
