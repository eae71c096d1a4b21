/**
 * The cooldowns in force, for administrators. The counts alone cannot be listed: their keys are hashes. A cooldown is
 * listed in addition, by the id of its count.
 *
 * In Redis the list is one hash for each span of `widthMs`, by the time at which a cooldown ends. No cooldown lasts longer
 * than a span. So those in force are in two hashes, and a hash expires as a whole: attackers who cause cooldowns cannot
 * make it grow without bound.
 */
import { LRUCache } from 'lru-cache';
import type { RedisScripts } from './redis-counts.js';

/** A client that is refused for a while, because it failed too often. */
export interface Cooldown {
  /** `pair-` or `address-`, and the hash of its count. */
  readonly id: string;
  readonly kind: 'pair' | 'address';
  /** The endpoint of the last failure. */
  readonly endpoint: string;
  /** The network of the client. */
  readonly network: string;
  /** A keyed hash of the client id or user name; absent for an address. */
  readonly clientIdHash?: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
}

export interface CooldownList {
  /** Never rejects. */
  add(cooldown: Cooldown): Promise<void>;
  /** Those in force at the time, in no order. */
  list(nowMs: number): Promise<readonly Cooldown[] | 'unavailable'>;
  remove(id: string, nowMs: number): Promise<void>;
}

/** Creates a list in this process's memory. Beyond `maxEntries` the oldest is removed. */
export function createMemoryCooldowns(maxEntries: number): CooldownList {
  const entries = new LRUCache<string, Cooldown>({ max: maxEntries });
  return {
    add(cooldown) {
      entries.set(cooldown.id, cooldown);
      return Promise.resolve();
    },
    list: (nowMs) => Promise.resolve([...entries.values()].filter(({ untilMs }) => untilMs > nowMs)),
    remove(id) {
      entries.delete(id);
      return Promise.resolve();
    },
  };
}

const ADD = `
redis.call('hset', KEYS[1], ARGV[1], ARGV[2])
redis.call('pexpire', KEYS[1], ARGV[3])
return {}
`;

const REMOVE = `
redis.call('hdel', KEYS[1], ARGV[1])
return {}
`;

/** HGETALL is not among the commands that a user of Redis needs for the rest of the gateway. */
const LIST = `
local found, cursor = {}, '0'
repeat
  local page = redis.call('hscan', KEYS[1], cursor, 'COUNT', 1000)
  cursor = page[1]
  for i = 2, #page[2], 2 do found[#found + 1] = page[2][i] end
until cursor == '0' or #found >= 10000
return found
`;

export interface RedisCooldownsOptions {
  readonly keyPrefix: string;
  /** The longest time that a cooldown lasts. */
  readonly widthMs: number;
  /** Has the cooldowns that begin while Redis is unavailable. */
  readonly insurance: CooldownList;
}

/** Creates a list in Redis, which gateways share. */
export function createRedisCooldowns(
  redis: RedisScripts,
  { keyPrefix, widthMs, insurance }: RedisCooldownsOptions,
): CooldownList {
  const keyOf = (span: number): string => `${keyPrefix}failed:cooldowns:${span}`;
  const spanOf = (ms: number): number => Math.floor(ms / widthMs);

  /** The hashes of the cooldowns in force. One more on each side, because the gateways' clocks may differ. */
  function keysAt(nowMs: number): readonly string[] {
    return [-1, 0, 1, 2].map((offset) => keyOf(spanOf(nowMs) + offset));
  }

  return {
    async add(cooldown) {
      const { id, untilMs } = cooldown;
      const span = spanOf(untilMs);
      const args = [id, JSON.stringify(cooldown), 2 * widthMs];
      const reply = await redis.runScript(ADD, [keyOf(span)], args);
      if (reply === 'unavailable') await insurance.add(cooldown);
    },
    async list(nowMs) {
      const found = new Map<string, Cooldown>();
      for (const key of keysAt(nowMs)) {
        const reply = await redis.runScript(LIST, [key], []);
        if (reply === 'unavailable') return 'unavailable';
        for (const text of reply) {
          const cooldown = JSON.parse(String(text)) as Cooldown;
          if (cooldown.untilMs > nowMs) found.set(cooldown.id, cooldown);
        }
      }
      const local = await insurance.list(nowMs);
      if (local === 'unavailable') return 'unavailable';
      for (const cooldown of local) found.set(cooldown.id, cooldown);
      return [...found.values()];
    },
    async remove(id, nowMs) {
      await insurance.remove(id, nowMs);
      for (const key of keysAt(nowMs)) await redis.runScript(REMOVE, [key], [id]);
    },
  };
}
