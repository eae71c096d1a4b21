/** What the gate asks of Redis: Lua scripts, called by their digest once a server knows them. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Redis as the rest of the gate sees it: one server, the primary of Sentinels, or a cluster. */
export interface RedisConnection {
  /** False until connected, and while an outage is known: calls are not even made then. */
  readonly isUp: boolean;
  /** Settles when the first attempt to connect has ended, well or not: until then nothing can be counted here. */
  readonly attempted: Promise<void>;
  /** Of a cluster alone: where a key lies now. Keys of one slot may go in one call, and each server has its own clock. */
  readonly locate?: (key: string) => Location;
  /**
   * Runs a Lua script that replies with a list.
   *
   * @param keys in a cluster of one slot
   * @param withinMs how long to wait for the reply; by default the settings' timeout
   * @returns `away` where Redis is, fails, or does not reply in time; the script may still run afterwards
   */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
  /** Ends the connection for good; calls that wait are `away`. */
  close(): void;
}

export interface Location {
  readonly slot: number;
  /** The same object for the same server; undefined while nobody is known to hold the slot. */
  readonly server: object | undefined;
}

/** What the gate needs of a server that counts: its clock, to read, and to write a key, which ends at once. */
const PROBE = `redis.call('TIME')
redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', 1)
return { 1 }`;

/** Does what the gate needs of a server. Rejects with the server's own error where that cannot be done. */
export function probe(client: Redis, key: string): Promise<unknown> {
  return client.call('EVAL', [PROBE, 1, key]);
}

/** Sends one script to one server. */
export type Evaluate = (
  client: Redis,
  lua: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export function createEvaluate(): Evaluate {
  const shas = new Map<string, string>();

  /** Names scripts by their SHA-1, as EVALSHA does. */
  function shaOf(lua: string): string {
    let sha = shas.get(lua);
    if (sha === undefined) shas.set(lua, (sha = createHash('sha1').update(lua).digest('hex')));
    return sha;
  }

  return async function evaluate(client, lua, keys, args) {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await client.call('EVALSHA', [shaOf(lua), ...rest]);
    } catch (error) {
      // A Redis that has restarted knows no scripts. It has not run this one, so it may be sent again.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return client.call('EVAL', [lua, ...rest]);
      throw error;
    }
  };
}
