/** How often an app may do something at the token endpoints, over all gates that share a Redis. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { AppLimitSettings } from '../model/tokens.js';
import { MemoryCounts } from './failed-attempts/memory-counts.js';
import { createRedisCounts, type RedisScripts } from './failed-attempts/redis-counts.js';

export interface AppLimit {
  /**
   * Counts one more of the app's. Never rejects: where Redis is unavailable this process counts alone.
   *
   * @returns after how many seconds to try again; undefined where it may go on
   */
  take(app: string): Promise<number | undefined>;
}

export interface AppLimitOptions {
  /** Undefined: there is no limit. */
  readonly limit: AppLimitSettings | undefined;
  /** What is counted: part of the keys in Redis. */
  readonly name: string;
  /** Left out: this process counts alone. */
  readonly redis?: RedisScripts | undefined;
  /** Stands before every key in Redis. */
  readonly keyPrefix?: string | undefined;
}

/** How many apps are counted in this process. */
const MAX_KEYS = 100_000;

export function createAppLimit({ limit, name, redis, keyPrefix = '' }: AppLimitOptions): AppLimit {
  if (!limit) return { take: () => Promise.resolve(undefined) };
  const points = limit.requests;
  const duration = Math.ceil(limit.windowMs / 1000);
  const options = { points, duration, keyPrefix: `${keyPrefix}${name}` };
  const memory = new MemoryCounts(options, MAX_KEYS);
  const counts: RateLimiterAbstract = redis ? createRedisCounts(redis, options, memory) : memory;
  return {
    async take(app) {
      const { consumedPoints, msBeforeNext } = await counts.penalty(app, 1);
      return consumedPoints <= points ? undefined : Math.max(1, Math.ceil(msBeforeNext / 1000));
    },
  };
}
