/**
 * The connection to Redis, fenced so that an outage costs a request little while it is found out, and nothing while
 * it is known: no queue, no replay, a time limit on every call, and a connection that is dropped once calls go unanswered.
 *
 * Whatever goes wrong is `away` for the caller, who decides what that means. It is logged when it begins and when it
 * ends, not for each call.
 */
import { createHash } from 'node:crypto';
import type { Log } from '../model/log.js';
import type { RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';

export interface RedisConnection {
  /** False until connected, and while an outage is known: calls are not even made then. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has ended, well or not: until then nothing can be counted here. */
  readonly attempted: Promise<void>;
  /**
   * Runs a Lua script that replies with a list.
   *
   * @param withinMs how long to wait for the reply; by default the settings' timeout
   * @returns `away` where Redis is, fails, or does not reply in time; the script may still run afterwards
   */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'away'>;
  /** Ends the connection for good; calls that wait are `away`. */
  close(): void;
}

export interface RedisConnectionOptions {
  readonly log: Log;
  /** Milliseconds from any origin, to tell how long an outage was. */
  readonly now: () => number;
}

/** So many calls in a row without a reply in time make an outage known. */
const UNANSWERED_CALLS = 3;

/** Starts to connect, and goes on trying for as long as it takes: a gate starts without its Redis. */
export function connectRedis(settings: RedisSettings, { log, now }: RedisConnectionOptions): RedisConnection {
  const redis = createClient(settings);
  const shaOf = createShas();

  let state: 'connecting' | 'up' | 'away' | 'closed' = 'connecting';
  let awaySince = now();
  let unanswered = 0;
  /** The last error of the connection, which says more than that it was closed. */
  let cause = 'the connection was closed';
  /** The error that calls fail with, though Redis answers. */
  let failing: string | undefined;

  const attempted = new Promise<void>((resolve) => {
    redis.once('ready', resolve).once('close', resolve);
  });
  redis.on('ready', () => {
    if (state === 'closed') return;
    if (state === 'away') log.info({ awayMs: Math.round(now() - awaySince) }, 'Redis is back');
    else log.info({}, 'Redis is connected');
    state = 'up';
    unanswered = 0;
  });
  redis.on('error', (error) => (cause = error.message));
  redis.on('close', () => goAway(cause));

  function goAway(reason: string): void {
    if (state === 'away' || state === 'closed') return;
    state = 'away';
    awaySince = now();
    log.warn({ reason }, 'Redis is away');
  }

  function leaveUnanswered(): void {
    unanswered += 1;
    if (unanswered < UNANSWERED_CALLS || state !== 'up') return;
    goAway(`${UNANSWERED_CALLS} calls in a row were not answered in time`);
    // Ends every call that still waits. Connecting anew finds out when Redis answers again.
    redis.stream.destroy();
  }

  function succeed(): void {
    unanswered = 0;
    if (failing === undefined) return;
    failing = undefined;
    log.info({}, 'Redis calls succeed again');
  }

  function fail(error: unknown): void {
    // The end of a connection is told by its own events.
    if (!isUp()) return;
    const message = error instanceof Error ? error.message : 'not the reply of a script';
    if (failing === undefined) log.error({ reason: message }, 'Redis calls fail');
    failing = message;
  }

  function isUp(): boolean {
    return state === 'up' && redis.status === 'ready';
  }

  async function evaluate(lua: string, keys: readonly string[], args: readonly (string | number)[]) {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await redis.call('EVALSHA', [shaOf(lua), ...rest]);
    } catch (error) {
      // A Redis that has restarted knows no scripts. It has not run this one, so it may be sent again.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return redis.call('EVAL', [lua, ...rest]);
      throw error;
    }
  }

  return {
    get isUp() {
      return isUp();
    },
    attempted,

    runScript(lua, keys, args, withinMs = settings.timeoutMs) {
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
          if (Array.isArray(reply)) {
            succeed();
            resolve(reply);
          } else {
            fail(error);
            resolve('away');
          }
        };
        evaluate(lua, keys, args).then(settle, (error: unknown) => settle(undefined, error));
      });
    },

    close() {
      state = 'closed';
      redis.disconnect();
    },
  };
}

/** Names scripts by their SHA-1, as EVALSHA does. */
function createShas(): (lua: string) => string {
  const shas = new Map<string, string>();
  return function shaOf(lua) {
    let sha = shas.get(lua);
    if (sha === undefined) shas.set(lua, (sha = createHash('sha1').update(lua).digest('hex')));
    return sha;
  };
}
