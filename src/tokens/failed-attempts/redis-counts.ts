/** The counts of failed attempts in Redis: rate-limiter-flexible's, over the gate's own fenced connection. */
import { RateLimiterRedis, type RateLimiterMemory } from 'rate-limiter-flexible';

/** What is asked of a connection to Redis; the gate's own has it. */
export interface RedisScripts {
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/**
 * In place of the library's own script. It gives back only to a count that still stands, so that none falls below zero.
 * KEYS: the count. ARGV: how many, the window in seconds.
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

export function createRedisCounts(
  redis: RedisScripts,
  options: { readonly points: number; readonly duration: number; readonly keyPrefix: string },
  insurance: RateLimiterMemory,
): RateLimiterRedis {
  return new RateLimiterRedis({
    ...options,
    storeClient: clientOver(redis),
    useRedisPackage: true,
    customIncrTtlLuaScript: COUNT,
    // Where Redis is unavailable this process counts alone.
    insuranceLimiter: insurance,
  });
}

/** As much of a node-redis client as the limiter uses to count and to set. */
function clientOver(redis: RedisScripts) {
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
        // The reply to `set` tells the time that is left too.
        pTTL: () => ({ exec: () => set() }),
      };
    },
  };
}
