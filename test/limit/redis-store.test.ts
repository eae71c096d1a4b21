import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createRedisStore, type PiggybackedRevision } from '../../src/limit/redis-store.js';
import type { LimitRedis } from '../../src/limit/limit-redis.js';
import { CONSUME_SCRIPT } from '../../src/limit/script.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { describeLimitStore, passRealTime, take } from '../contract/limit-store.js';
import { SILENT } from '../redis/logs.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { checkAgainstReferenceAsync, histories } from './reference.js';
import { policy } from './policies.js';
import { redisAt } from '../support/route.js';

/** Timeouts are not tested here, and the machine may be busy. */
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
  while (!connection.isUp) await passRealTime(5);
  return connection;
}

/** A replica's store, on its own connection. */
async function openStore(keyPrefix = prefix + randomPrefix(), url = redisUrl()) {
  const connection = await connected(url);
  opened.push(connection);
  return createRedisStore({ connection, keyPrefix, timeoutMs: TIMEOUT_MS, monotonic });
}

async function redisTime(): Promise<number> {
  const [seconds, micros] = (await admin.time()).map(Number);
  return seconds! * 1000 + micros! / 1000;
}

describeLimitStore('the Redis store', async () => {
  const connection = await connected();
  const keyPrefix = prefix + randomPrefix();
  return {
    store: createRedisStore({ connection, keyPrefix, timeoutMs: TIMEOUT_MS, monotonic }),
    now: redisTime,
    pass: passRealTime,
    close: () => connection.close(),
  };
});

describe('replicas that share a Redis', () => {
  it('admit exactly N of 500 concurrent requests over three of them', async () => {
    const keyPrefix = prefix + randomPrefix();
    const stores = await Promise.all([openStore(keyPrefix), openStore(keyPrefix), openStore(keyPrefix)]);
    const limits = [policy(100, 60_000), policy(300, 120_000)];
    const verdicts = await Promise.all(
      Array.from({ length: 500 }, (_, i) => take(stores[i % 3]!, ['{a}:1', '{a}:2'], limits)),
    );
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(100);
  });

  it('never admit more than N in a window of a continuous load, by the time of the count', async () => {
    const keyPrefix = prefix + randomPrefix();
    const stores = await Promise.all([openStore(keyPrefix), openStore(keyPrefix)]);
    const limits = [policy(5, 1000)];
    const moments: number[] = [];
    const until = performance.now() + 2300;
    while (performance.now() < until) {
      const verdicts = await Promise.all(stores.map((store) => take(store, ['{a}:k'], limits)));
      for (const { admitted, resetAtMs, waitMs } of verdicts) if (admitted) moments.push(resetAtMs - waitMs);
      await passRealTime(7);
    }
    moments.sort((a, b) => a - b);
    expect(moments.length).toBeGreaterThanOrEqual(10);
    for (let i = 5; i < moments.length; i++)
      expect(moments[i]! - moments[i - 5]!).toBeGreaterThanOrEqual(1000);
  });
});

describe('the script against a naive reference', () => {
  /** The script with an adjustable clock instead of Redis's own. */
  const scripted = CONSUME_SCRIPT.replace(
    "redis.call('TIME')",
    '{ math.floor(ARGV[#ARGV] / 1000), ARGV[#ARGV] % 1000 * 1000 }',
  ).replace('while ARGV[arg] do', 'while arg < #ARGV do');

  it('decides like the reference, never admits more than N in a window, and is late by less than a sixtieth', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const keyPrefix = prefix + randomPrefix();
        const used = new Set<string>();
        await checkAgainstReferenceAsync(history, async (atMs, keys, limits) => {
          const names = keys.map((key) => keyPrefix + key);
          for (const name of names) used.add(name);
          const windows = limits.flatMap(({ requests, windowMs }) => [requests, windowMs]);
          const args = [...names, atMs, limits.length, ...windows, atMs];
          const reply = (await admin.eval(scripted, names.length, ...args)) as number[];
          const [now = 0, admitted, index = 0, remaining = 0, resetAtMs = 0] = reply;
          return {
            admitted: admitted === 1,
            decidingLimit: index,
            remaining,
            resetAtMs,
            waitMs: resetAtMs - now,
          };
        });
        await admin.unlink(...used);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the keys of the Redis store', () => {
  it('with 10 per 2m take at most 300 bytes each, in total', async () => {
    const own = await startRedis();
    const client = new Redis(own.url);
    const store = await openStore('tollgate:', own.url);
    const limits = [policy(10, 120_000)];
    const keys = Array.from(
      { length: 3000 },
      (_, i) => `{a:token-project:${String(i).padStart(22, 'x')}}:Yk3vQ0aZpA`,
    );
    const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1]);
    // A first round grows the buffers and the Lua heap of Redis, which belong to no key.
    await Promise.all(keys.map((key) => take(store, [key], limits)));
    await client.flushall();
    const before = await used();
    for (let i = 0; i < 10; i++) {
      await Promise.all(keys.map((key) => take(store, [key], limits)));
      await passRealTime(2);
    }
    expect((await take(store, [keys[0]!], limits)).admitted).toBe(false);
    const each = ((await used()) - before) / keys.length;
    console.log(`10 per 2m: ${Math.round(each)} B a key of ${keys[0]!.length + 9} characters`);
    expect(each).toBeLessThanOrEqual(300);
    client.disconnect();
    await own.close();
  });

  it.each([256, 100_000])('with %i per window take at most 4 KiB', async (requests) => {
    const keyPrefix = prefix + randomPrefix();
    const store = await openStore(keyPrefix);
    const bytes = () => admin.memory('USAGE', `${keyPrefix}{a}:k`);
    let most = 0;
    // The widest a count can get: 256 of the exact form, then buckets beside them.
    for (const limits of [[policy(256, 1500)], [policy(requests, 1500)]]) {
      const until = performance.now() + 1000;
      while (performance.now() < until) {
        // Several at once: enough for the widest form also where a tick takes long.
        await Promise.all(Array.from({ length: 4 }, () => take(store, ['{a}:k'], limits)));
        await passRealTime(1);
      }
      most = Math.max(most, (await bytes()) ?? 0);
    }
    console.log(`${requests} per window: ${most} B`);
    expect(most).toBeLessThanOrEqual(4096);
    expect(most).toBeGreaterThan(1000);
  });

  it('expire when their newest request has left the window, and not before', async () => {
    const keyPrefix = prefix + randomPrefix();
    const store = await openStore(keyPrefix);
    await take(store, ['{a}:1', '{a}:2'], [policy(10, 1500), policy(10, 90_000)]);
    await passRealTime(300);
    await take(store, ['{a}:1', '{a}:2'], [policy(10, 1500), policy(10, 90_000)]);
    const ends = await Promise.all(['{a}:1', '{a}:2'].map((key) => admin.pttl(keyPrefix + key)));
    expect(ends[0]).toBeGreaterThan(1300);
    expect(ends[0]).toBeLessThanOrEqual(1501);
    expect(ends[1]).toBeGreaterThan(89_000);
    expect(ends[1]).toBeLessThanOrEqual(90_001);
  });
});

/** A connection that records its calls. */
function noting(connection: LimitRedis) {
  const calls: { keys: readonly string[]; args: readonly (string | number)[] }[] = [];
  const runner: LimitRedis = {
    get isUp() {
      return connection.isUp;
    },
    runScript(lua, keys, args, withinMs) {
      calls.push({ keys, args });
      return connection.runScript(lua, keys, args, withinMs);
    },
  };
  return { calls, runner };
}

async function notedStore(piggybacked?: PiggybackedRevision) {
  const connection = await connected();
  opened.push(connection);
  const { calls, runner } = noting(connection);
  const store = createRedisStore({
    connection: runner,
    keyPrefix: prefix + randomPrefix(),
    timeoutMs: TIMEOUT_MS,
    monotonic,
    ...(piggybacked && { piggybacked: piggybacked }),
  });
  return { store, calls, limits: [policy(3, 60_000)] };
}

describe('the calls of the Redis store', () => {
  it('include one to learn the time of Redis, which is sent again; then all checks of one tick are one call', async () => {
    const { store, calls, limits } = await notedStore();
    await take(store, ['{a}:first'], limits);
    expect(calls).toHaveLength(2);
    const verdicts = await Promise.all(
      Array.from({ length: 64 }, (_, i) => take(store, [`{a}:${i}`], limits)),
    );
    expect(calls).toHaveLength(3);
    expect(calls[2]!.keys).toHaveLength(64);
    expect(verdicts.every(({ admitted }) => admitted)).toBe(true);
  });

  it('are several if there are more checks than a call should hold', async () => {
    const { store, calls, limits } = await notedStore();
    await take(store, ['{a}:first'], limits);
    await Promise.all(Array.from({ length: 130 }, (_, i) => take(store, [`{a}:${i}`], limits)));
    expect(calls.slice(2).map(({ keys }) => keys.length)).toEqual([64, 64, 2]);
  });

  it('are one EVALSHA for each tick', async () => {
    const own = await startRedis();
    const client = new Redis(own.url);
    const store = await openStore('t:', own.url);
    const limits = [policy(10, 60_000), policy(20, 90_000)];
    await take(store, ['{a}:w1', '{a}:w2'], limits);
    await client.config('RESETSTAT');
    await Promise.all(Array.from({ length: 50 }, (_, i) => take(store, [`{a}:${i}`, `{b}:${i}`], limits)));
    expect(await client.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/);
    client.disconnect();
    await own.close();
  });

  it('are skipped for an exhausted key until its reset, with the same result', async () => {
    const { store, calls } = await notedStore();
    const limits = [policy(2, 1000), policy(100, 5000)];
    const keys = ['{a}:1', '{a}:2'];
    await take(store, keys, limits);
    const last = await take(store, keys, limits);
    const made = calls.length;
    const refused = await take(store, keys, limits);
    expect(calls).toHaveLength(made);
    expect(refused).toMatchObject({
      admitted: false,
      decidingLimit: 0,
      remaining: 0,
      resetAtMs: last.resetAtMs,
    });
    expect(refused.waitMs).toBeGreaterThan(800);
    await passRealTime(refused.waitMs);
    expect((await take(store, keys, limits)).admitted).toBe(true);
    expect(calls.length).toBeGreaterThan(made);
  });

  it('are skipped for several exhausted keys, with the result of the one that resets last', async () => {
    const { store } = await notedStore();
    const [short, long] = [policy(1, 2000), policy(1, 60_000)];
    await take(store, ['{a}:s'], [short]);
    await take(store, ['{a}:l'], [long]);
    expect(await take(store, ['{a}:s', '{a}:l'], [short, long])).toMatchObject({
      admitted: false,
      decidingLimit: 1,
    });
    expect(await take(store, ['{a}:l', '{a}:s'], [long, short])).toMatchObject({
      admitted: false,
      decidingLimit: 0,
    });
  });

  it('count nothing if their deadline has passed in the time of Redis', async () => {
    const { store, calls, limits } = await notedStore();
    await take(store, ['{a}:k'], limits);
    const { keys, args } = calls[1]!;
    const time = await redisTime();
    const late = [Math.floor(time) - 5, ...args.slice(1)];
    expect(await admin.eval(CONSUME_SCRIPT, keys.length, ...keys, ...late)).toHaveLength(1);
    expect((await take(store, ['{a}:k'], limits)).remaining).toBe(1);
  });

  it.each([
    ['nothing', []],
    ['words', ['OK', 'OK', 'OK', 'OK', 'OK']],
    ['too few numbers', [1, 2, 3]],
    ['the time again and again', [1]],
  ])('treat a reply of %s as no reply', async (_, reply) => {
    const runner: LimitRedis = { isUp: true, runScript: () => Promise.resolve(reply) };
    const store = createRedisStore({ connection: runner, keyPrefix: '', timeoutMs: 50, monotonic });
    expect(await store.consume(['k'], [policy(1, 1000)])).toBe('unavailable');
  });
});

describe('the revision piggybacked on the calls of the Redis store', () => {
  const key = () => `${prefix}${randomPrefix()}revocations`;

  function listener() {
    const told: number[] = [];
    const onRevision = (revision: number) => {
      told.push(revision);
      return undefined;
    };
    return { told, piggybacked: { key: key(), onRevision } };
  }

  it('is reported at each call, 0 if there is none, and needs no call and no command of its own', async () => {
    const { told, piggybacked } = listener();
    const { store, calls, limits } = await notedStore(piggybacked);
    await take(store, ['{a}:k'], limits);
    await admin.hset(piggybacked.key, 'revision', '1700000000123456');
    expect(await take(store, ['{a}:k'], limits)).toMatchObject({ admitted: true, remaining: 1 });
    expect(told).toEqual([0, 1_700_000_000_123_456]);
    // The first of them learned the time.
    expect(calls).toHaveLength(3);
  });

  it('is applied before any result of the batch is returned', async () => {
    let catchUp = (): void => undefined;
    const piggybacked = {
      key: key(),
      onRevision: () => new Promise<void>((resolve) => (catchUp = resolve)),
    };
    const { store, calls, limits } = await notedStore(piggybacked);
    const taken = Promise.all([take(store, ['{a}:1'], limits), take(store, ['{a}:2'], limits)]);
    let isOver = false;
    void taken.then(() => (isOver = true));
    await expect.poll(() => calls.length).toBe(2);
    await passRealTime(50);
    expect(isOver).toBe(false);
    catchUp();
    expect((await taken).map(({ admitted }) => admitted)).toEqual([true, true]);
  });

  it('is 0 if it is no number, or its key no hash, and the count continues', async () => {
    const { told, piggybacked } = listener();
    const { store, limits } = await notedStore(piggybacked);
    await admin.hset(piggybacked.key, 'revision', 'soon');
    await take(store, ['{a}:k'], limits);
    await admin.unlink(piggybacked.key);
    await admin.set(piggybacked.key, 'x');
    expect(await take(store, ['{a}:k'], limits)).toMatchObject({ remaining: 1 });
    expect(told).toEqual([0, 0]);
  });
});
