/**
 * Runs Lua scripts in Redis by their digest, for `connection.ts` and `cluster.ts`; and the interface that both
 * implement.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Redis for the rest of the gateway: one server, the primary of Sentinels, or a cluster. */
export interface RedisConnection {
  /** False until connected and during a known outage. Then no calls are made. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has succeeded or failed. Until then nothing can be counted here. */
  readonly attempted: Promise<void>;
  /** Only in a cluster: where a key is now. Keys of one slot can share a call; each server has its own clock. */
  readonly locate?: (key: string) => Location;
  /**
   * Runs a Lua script that replies with a list.
   *
   * @param keys in a cluster: all of one slot
   * @param withinMs how long to wait for the reply; by default the settings' timeout
   * @returns `unavailable` where Redis is unavailable, fails, or does not reply in time; the script may still run later
   */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
  /** Ends the connection. Pending calls return `unavailable`. */
  close(): void;
}

export interface Location {
  readonly slot: number;
  /** The same object for the same server; undefined while no server is known to hold the slot. */
  readonly server: object | undefined;
}

/** What the gateway needs of a server: its clock, reads, and writes. The key expires after a millisecond. */
const PROBE = `redis.call('TIME')
redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', 1)
return { 1 }`;

/** Checks that a server does what the gateway needs. Rejects with the server's own error where it does not. */
export function probe(client: Redis, key: string): Promise<unknown> {
  return client.call('EVAL', [PROBE, 1, key]);
}

/** Sends one script to one server. Rejects with ioredis's error. */
export type Evaluate = (
  client: Redis,
  lua: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

/** Creates the function that runs scripts by EVALSHA, and by EVAL where the server does not know the script. */
export function createEvaluate(): Evaluate {
  const shas = new Map<string, string>();

  /** The SHA-1 in hex, by which EVALSHA identifies a script. */
  function shaOf(lua: string): string {
    let sha = shas.get(lua);
    if (sha === undefined) shas.set(lua, (sha = createHash('sha1').update(lua).digest('hex')));
    return sha;
  }

  return async function evaluate(client, lua, keys, args) {
    const params = [keys.length, ...keys, ...args];
    try {
      return await client.call('EVALSHA', [shaOf(lua), ...params]);
    } catch (error) {
      // A restarted Redis knows no scripts. It has not run this one, so sending it again is safe.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return client.call('EVAL', [lua, ...params]);
      throw error;
    }
  };
}
