/** Counts in Redis, by rate-limiter-flexible, over the gateway's own connection, which has time limits. */
import { RateLimiterRedis, type RateLimiterMemory } from 'rate-limiter-flexible';

/** The part of a Redis connection that the counts use. */
export interface RedisScripts {
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/**
 * Replaces the library's script. It decreases a count only if it still exists, so that none falls below zero.
 * KEYS: the count. ARGV: the amount, the window in seconds.
 */
const COUNT = `
local add = tonumber(ARGV[1])
if add < 0 and redis.call('exists', KEYS[1]) == 0 then return {0, 0} end
local count = redis.call('incrby', KEYS[1], add)
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  left = 1000 * tonumber(ARGV[2])
  redis.call('pexpire', KEYS[1], left)
end
return {count, left}
`;

const SET = `
redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2])
return {ARGV[1], 1000 * tonumber(ARGV[2])}
`;

/** Deletes a count that is at least ARGV 1. DEL is not among the commands that the rest of the gateway needs. */
const END = `
if (tonumber(redis.call('get', KEYS[1]) or 0) or 0) < tonumber(ARGV[1]) then return {0} end
redis.call('set', KEYS[1], '0', 'PX', 1)
return {1}
`;

/**
 * Deletes a count that is at least `least`.
 *
 * @returns whether there was one
 */
export async function endRedisCount(
  redis: RedisScripts,
  key: string,
  least: number,
): Promise<boolean | 'unavailable'> {
  const reply = await redis.runScript(END, [key], [least]);
  return reply === 'unavailable' ? reply : reply[0] === 1;
}

/**
 * Creates a limiter in Redis.
 *
 * @param insurance counts in this process while Redis is unavailable
 */
export function createRedisCounts(
  redis: RedisScripts,
  options: { readonly points: number; readonly duration: number; readonly keyPrefix: string },
  insurance: RateLimiterMemory,
): RateLimiterRedis {
  return new RateLimiterRedis({
    ...options,
    storeClient: nodeRedisClient(redis),
    useRedisPackage: true,
    customIncrTtlLuaScript: COUNT,
    insuranceLimiter: insurance,
  });
}

/** The part of a node-redis client that the limiter uses. */
function nodeRedisClient(redis: RedisScripts) {
  async function run(lua: string, key: string, args: readonly (string | number)[]) {
    const reply = await redis.runScript(lua, [key], args);
    if (reply === 'unavailable') throw new Error('Redis is unavailable');
    return reply;
  }
  return {
    eval: (lua: string, { keys, arguments: args }: { keys: [string]; arguments: string[] }) =>
      run(lua, keys[0], args),
    multi: () => {
      let set: () => Promise<readonly unknown[]>;
      return {
        set: (key: string, points: number, { EX: seconds }: { EX: number }) =>
          void (set = () => run(SET, key, [points, seconds])),
        // The reply to `set` contains the remaining time too.
        pTTL: () => ({ exec: () => set() }),
      };
    },
  };
}
