/** Limits how often an app, or a user, may use the token endpoints, across all gateways that share a Redis. */
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { AppLimitSettings } from '../model/tokens.js';
import { MemoryCounts } from './failed-attempts/memory-counts.js';
import { createRedisCounts, type RedisScripts } from './failed-attempts/redis-counts.js';

export interface AppLimit {
  /**
   * Counts one request of the app. Never rejects: if Redis is unavailable, this process counts alone.
   *
   * @returns the seconds until a retry; undefined if the request is within the limit
   */
  consume(app: string): Promise<number | undefined>;
}

export interface AppLimitOptions {
  /** Undefined means no limit. */
  readonly limit: AppLimitSettings | undefined;
  /** What is counted: part of the keys in Redis. */
  readonly name: string;
  /** If absent, this process counts alone. */
  readonly redis?: RedisScripts | undefined;
  /** The prefix of every key in Redis. */
  readonly keyPrefix?: string | undefined;
}

/** The most apps that this process counts in memory. */
const MAX_KEYS = 100_000;

/** Creates a limit per app. Windows are rounded up to whole seconds. */
export function createAppLimit({ limit, name, redis, keyPrefix = '' }: AppLimitOptions): AppLimit {
  if (!limit) return { consume: () => Promise.resolve(undefined) };
  const points = limit.requests;
  const duration = Math.ceil(limit.windowMs / 1000);
  const options = { points, duration, keyPrefix: `${keyPrefix}${name}` };
  const memory = new MemoryCounts(options, MAX_KEYS);
  const counts: RateLimiterAbstract = redis ? createRedisCounts(redis, options, memory) : memory;
  return {
    async consume(app) {
      const { consumedPoints, msBeforeNext } = await counts.penalty(app, 1);
      return consumedPoints <= points ? undefined : Math.max(1, Math.ceil(msBeforeNext / 1000));
    },
  };
}
