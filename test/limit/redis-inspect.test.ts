import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { LimitRedis } from '../../src/limit/limit-redis.js';
import { createRedisStore } from '../../src/limit/redis-store.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { describeInspect, describeInspectInRealTime } from '../contract/inspect-limits.js';
import { passRealTime, take } from '../contract/limit-store.js';
import { SILENT } from '../redis/logs.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { redisAt } from '../support/route.js';
import { policy } from './policies.js';

const TIMEOUT_MS = 10_000;
const prefix = randomPrefix();
const admin = new Redis(redisUrl());
const monotonic = () => performance.now();
const opened: RedisConnection[] = [];

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(async () => {
  await removeKeys(prefix);
  admin.disconnect();
});

async function connected(url = redisUrl(), timeoutMs = TIMEOUT_MS): Promise<RedisConnection> {
  const connection = connectRedis(redisAt(url, timeoutMs), { log: SILENT, now: Date.now });
  await connection.attempted;
  return connection;
}

/** A connection whose scripts read the test's clock, and whose keys outlive the test. */
function withClock(connection: LimitRedis, now: () => number): LimitRedis {
  return {
    isUp: true,
    runScript(lua, keys, args, withinMs) {
      const scripted = lua
        .replace("redis.call('TIME')", '{ math.floor(ARGV[#ARGV] / 1000), ARGV[#ARGV] % 1000 * 1000 }')
        .replace('while ARGV[arg] do', 'while arg < #ARGV do')
        .replace("'PX', w.mark", "'PX', 600000 + w.mark");
      return connection.runScript(scripted, keys, [...args, now()], withinMs);
    },
  };
}

const shared = await connected();
afterAll(() => shared.close());

describeInspectInRealTime('the Redis store', async () => {
  const connection = await connected();
  return {
    store: createRedisStore({
      connection,
      keyPrefix: prefix + randomPrefix(),
      timeoutMs: TIMEOUT_MS,
      monotonic,
    }),
    now: () => redisTime(),
    pass: passRealTime,
    close: () => connection.close(),
  };
});

describeInspect(
  'the Redis store',
  () => {
    let time = 0;
    const keyPrefix = prefix + randomPrefix();
    const connection = withClock(shared, () => time);
    // Each check is later on the monotonic clock than any window lasts, so that the store remembers no exhausted window.
    let ticks = 0;
    const store = createRedisStore({ connection, keyPrefix, timeoutMs: TIMEOUT_MS, monotonic: () => ticks });
    const names = (keys: readonly string[]) => keys.map((key) => keyPrefix + key);
    return {
      store: {
        consume(...check) {
          ticks += 1e9;
          return store.consume(...check);
        },
        inspect: (keys, limits) => store.inspect(keys, limits),
      },
      setTime: (ms) => void (time = ms),
      contents: (keys) =>
        Promise.all(
          names(keys).map(async (name) => [
            await admin.dumpBuffer(name),
            await admin.call('PEXPIRETIME', name),
          ]),
        ),
      close: () => removeKeys(keyPrefix),
    };
  },
  10,
);

async function redisTime(): Promise<number> {
  const [seconds, micros] = (await admin.time()).map(Number);
  return seconds! * 1000 + micros! / 1000;
}

describe('the states of all limits that a check asks for', () => {
  const limits = [policy(2, 60_000), policy(100, 90_000)];
  const keys = ['{a}:1', '{a}:2'];
  const open = () =>
    createRedisStore({
      connection: shared,
      keyPrefix: prefix + randomPrefix(),
      timeoutMs: TIMEOUT_MS,
      monotonic,
    });

  it('come in one call with checks that do not ask', async () => {
    const store = open();
    const [one, two, three] = await Promise.all([
      store.consume(keys, limits, true),
      store.consume(['{b}:1'], [policy(5, 60_000)]),
      store.consume(['{c}:1', '{c}:2'], limits, true),
    ]);
    expect(one).toMatchObject({ remaining: 1, states: [{ remaining: 1 }, { remaining: 99 }] });
    expect(two).toMatchObject({ remaining: 4 });
    expect(two).not.toHaveProperty('states');
    expect(three).toMatchObject({ remaining: 1, states: [{ used: 1 }, { used: 1 }] });
  });

  it('are known for a second where the exhausted window spares the call, then read again', async () => {
    const store = open();
    for (let i = 0; i < 2; i++) await store.consume(keys, limits, true);
    await store.consume(['{a}:2'], [limits[1]!]);
    const spared = await store.consume(keys, limits, true);
    expect(spared).toMatchObject({ admitted: false, states: [{ remaining: 0 }, { remaining: 98 }] });
    await passRealTime(1050);
    const read = await store.consume(keys, limits, true);
    expect(read).toMatchObject({ admitted: false, states: [{ remaining: 0 }, { remaining: 97 }] });
  });
});

describe('the calls that read counts', () => {
  function recorded(connection: LimitRedis) {
    const calls: (readonly string[])[] = [];
    const runner: LimitRedis = {
      isUp: true,
      runScript(lua, keys, args, withinMs) {
        calls.push(keys);
        return connection.runScript(lua, keys, args, withinMs);
      },
    };
    return { calls, runner };
  }

  it('are one for each tick, with at most 64 windows each', async () => {
    const { calls, runner } = recorded(shared);
    const store = createRedisStore({
      connection: runner,
      keyPrefix: prefix + randomPrefix(),
      timeoutMs: TIMEOUT_MS,
      monotonic,
    });
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) =>
        store.inspect([`{a}:${i}`, `{b}:${i}`], [policy(1, 1000), policy(2, 2000)]),
      ),
    );
    expect(calls.map((keys) => keys.length)).toEqual([64, 36]);
  });

  it('use commands that write nothing', async () => {
    const own = await startRedis();
    const client = new Redis(own.url);
    const connection = await connected(own.url);
    opened.push(connection);
    const store = createRedisStore({ connection, keyPrefix: 't:', timeoutMs: TIMEOUT_MS, monotonic });
    await take(store, ['{a}:k'], [policy(3, 60_000)]);
    await client.config('RESETSTAT');
    await store.inspect(['{a}:k', '{a}:none'], [policy(3, 60_000), policy(3, 60_000)]);
    const stats = await client.info('commandstats');
    expect(stats).toMatch(/cmdstat_get:calls=2,/);
    expect(stats).not.toMatch(/cmdstat_(?:set|expire|pexpire|del|unlink|incr)/);
    client.disconnect();
    await own.close();
  });

  it('give unavailable where Redis does not reply in time, and during a known outage', async () => {
    const own = await startRedis();
    const connection = await connected(own.url, 200);
    opened.push(connection);
    const store = createRedisStore({ connection, keyPrefix: 't:', timeoutMs: 200, monotonic });
    own.stop();
    const startedAt = performance.now();
    expect(await store.inspect(['{a}:k'], [policy(1, 1000)])).toBe('unavailable');
    expect(performance.now() - startedAt).toBeLessThan(5000);
    own.continue();
    await own.close();
    await expect.poll(() => connection.isUp, { timeout: 5000 }).toBe(false);
    expect(store.inspect(['{a}:k'], [policy(1, 1000)])).toBe('unavailable');
  });

  it.each([
    ['nothing', []],
    ['words', ['OK', 'OK', 'OK']],
    ['too few numbers', [1, 2]],
  ])('treat a reply of %s as no reply', async (_, reply) => {
    const runner: LimitRedis = { isUp: true, runScript: () => Promise.resolve(reply) };
    const store = createRedisStore({ connection: runner, keyPrefix: '', timeoutMs: 50, monotonic });
    expect(await store.inspect(['k'], [policy(1, 1000)])).toBe('unavailable');
  });
});
