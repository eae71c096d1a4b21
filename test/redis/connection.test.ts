import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedisStore } from '../../src/limit/redis-store.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { passRealTime } from '../contract/limit-store.js';
import { policy } from '../limit/policies.js';
import { freePort, startRedis, type OwnRedis } from '../support/redis.js';
import { readableLog } from './logs.js';
import { redisAt } from '../support/route.js';

const TIMEOUT_MS = 100;
const ECHO = 'return { ARGV[1] }';

let redis: OwnRedis;
let connection: RedisConnection;
let lines: string[];
let reasons: string[];

function connect(url: string): void {
  const readable = readableLog();
  ({ lines, reasons } = readable);
  connection = connectRedis(redisAt(url, TIMEOUT_MS), { log: readable.log, now: Date.now });
}

/** Time until the connection is ready, or known to be unavailable. */
async function until(up: boolean, mostMs = 5000): Promise<number> {
  const start = performance.now();
  while (connection.isUp !== up) {
    if (performance.now() - start > mostMs)
      throw new Error(`not ${up ? 'up' : 'unavailable'} within ${mostMs} ms`);
    await passRealTime(2);
  }
  return performance.now() - start;
}

async function timed<T>(promise: Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const value = await promise;
  return [value, performance.now() - start];
}

beforeEach(async () => {
  redis = await startRedis();
  connect(redis.url);
  await until(true);
});
afterEach(async () => {
  connection.close();
  redis.continue();
  await redis.close();
});

describe('a connection to an available Redis', () => {
  it('runs scripts, by their digest once Redis knows them', async () => {
    const client = new Redis(redis.url);
    for (const word of ['a', 'b', 'c']) expect(await connection.runScript(ECHO, [], [word])).toEqual([word]);
    const stats = await client.info('commandstats');
    expect(stats).toMatch(/cmdstat_evalsha:calls=3,/);
    // The probe of the new connection, and the first script.
    expect(stats).toMatch(/cmdstat_eval:calls=2,/);
    client.disconnect();
  });

  it('recovers at once when Redis has lost its scripts', async () => {
    const client = new Redis(redis.url);
    await connection.runScript(ECHO, [], ['before']);
    await client.script('FLUSH');
    expect(await connection.runScript(ECHO, [], ['after'])).toEqual(['after']);
    client.disconnect();
  });

  it('reports a script that fails alone as unavailable to its caller, logs it until it succeeds, and begins no outage', async () => {
    const counter = "return { redis.call('INCR', KEYS[1]) }";
    const client = new Redis(redis.url);
    await client.set('k', 'no number');
    for (let i = 0; i < 5; i++) {
      expect(await connection.runScript(counter, ['k'], [])).toBe('unavailable');
      expect(await connection.runScript(ECHO, [], ['fine'])).toEqual(['fine']);
    }
    await expect.poll(() => lines).toEqual(['Redis is connected', 'Redis calls fail']);
    expect(await connection.runScript('return 1', [], [])).toBe('unavailable');
    expect(connection.isUp).toBe(true);
    await client.set('k', '1');
    expect(await connection.runScript(counter, ['k'], [])).toEqual([2]);
    expect(lines).toContain('Redis calls succeed again');
    expect(reasons[0]).toMatch(/value is not an integer/);
    client.disconnect();
  });

  it('accepts a reply that came while this process was busy', async () => {
    await connection.runScript(ECHO, [], ['warm']);
    const reply = connection.runScript(ECHO, [], ['here']);
    await passRealTime(0);
    for (const end = performance.now() + TIMEOUT_MS * 2; performance.now() < end;);
    expect(await reply).toEqual(['here']);
  });

  it('returns unavailable for every call after it is closed, and logs nothing more', async () => {
    const waiting = connection.runScript(ECHO, [], ['late']);
    connection.close();
    expect(await waiting).toBe('unavailable');
    expect(await connection.runScript(ECHO, [], ['x'])).toBe('unavailable');
    await passRealTime(100);
    expect(connection.isUp).toBe(false);
    expect(lines).toEqual(['Redis is connected']);
  });
});

describe('a Redis that stops responding', () => {
  it('times out one late call alone', async () => {
    redis.stop();
    const [reply, tookMs] = await timed(connection.runScript(ECHO, [], ['x']));
    expect(reply).toBe('unavailable');
    expect(tookMs).toBeLessThan(TIMEOUT_MS + 100);
    expect(connection.isUp).toBe(true);
    redis.continue();
    expect(await connection.runScript(ECHO, [], ['y'], 2000)).toEqual(['y']);
    expect(lines).toEqual(['Redis is connected']);
  });

  it('begins no outage with late calls that are not consecutive', async () => {
    for (let i = 0; i < 4; i++) {
      redis.stop();
      expect(await connection.runScript(ECHO, [], ['x'])).toBe('unavailable');
      redis.continue();
      expect(await connection.runScript(ECHO, [], ['y'], 2000)).toEqual(['y']);
    }
    expect(lines).toEqual(['Redis is connected']);
  });

  it('begins an outage with three consecutive late calls: pending ones end, further ones wait for nothing, and it ends within a second', async () => {
    redis.stop();
    const first = Promise.all(Array.from({ length: 3 }, () => connection.runScript(ECHO, [], ['x'])));
    const patient = connection.runScript(ECHO, [], ['x'], 5000);
    expect(await first).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(connection.isUp).toBe(false);
    const [reply, tookMs] = await timed(
      Promise.all([patient, connection.runScript(ECHO, [], ['x'])] as const),
    );
    expect(reply).toEqual(['unavailable', 'unavailable']);
    expect(tookMs).toBeLessThan(50);
    await passRealTime(1500);
    expect(connection.isUp).toBe(false);
    redis.continue();
    expect(await until(true)).toBeLessThan(1000);
    expect(await connection.runScript(ECHO, [], ['z'])).toEqual(['z']);
    expect(lines).toEqual(['Redis is connected', 'Redis is unavailable', 'Redis is available again']);
  });

  it('does not count timed-out calls when it resumes', async () => {
    const store = createRedisStore({
      connection,
      keyPrefix: 'late:',
      timeoutMs: TIMEOUT_MS,
      monotonic: () => performance.now(),
    });
    const limits = [policy(1000, 60_000)];
    expect(await store.consume(['k'], limits)).toMatchObject({ remaining: 999 });
    redis.stop();
    for (let turn = 0; turn < 2; turn++) {
      const taken = await Promise.all(Array.from({ length: 25 }, async () => store.consume(['k'], limits)));
      expect(new Set(taken)).toEqual(new Set(['unavailable']));
    }
    redis.continue();
    await passRealTime(50);
    expect(await store.consume(['k'], limits)).toMatchObject({ remaining: 998 });
  });
});

describe('a Redis that stops and starts', () => {
  it('is unavailable at once when killed, and available with its scripts within a second of its restart', async () => {
    await connection.runScript(ECHO, [], ['known']);
    const waiting = connection.runScript('while true do end', [], [], 5000);
    await passRealTime(20);
    await redis.kill();
    expect(await waiting).toBe('unavailable');
    expect(await until(false)).toBeLessThan(100);
    await passRealTime(1500);
    await redis.restart();
    expect(await until(true)).toBeLessThan(1000);
    expect(await connection.runScript(ECHO, [], ['again'])).toEqual(['again']);
    expect(lines).toEqual(['Redis is connected', 'Redis is unavailable', 'Redis is available again']);
  });

  it('may start after the gateway', async () => {
    connection.close();
    await redis.kill();
    connect(redis.url);
    expect(await connection.runScript(ECHO, [], ['x'])).toBe('unavailable');
    await passRealTime(500);
    expect(lines).toEqual(['Redis is unavailable']);
    await redis.restart();
    expect(await until(true)).toBeLessThan(1000);
    expect(lines).toEqual(['Redis is unavailable', 'Redis is available again']);
  });

  it('is dropped and looked up again when it turns out to be a read-only replica', async () => {
    const client = new Redis(redis.url);
    await client.replicaof('127.0.0.1', await freePort());
    const write = "redis.call('SET', KEYS[1], '1') return { 1 }";
    await connection.runScript(write, ['k'], []);
    await client.replicaof('NO', 'ONE');
    await until(true);
    while ((await connection.runScript(write, ['k'], [])) === 'unavailable') await passRealTime(10);
    expect(lines).toContain('Redis is available again');
    client.disconnect();
  });

  it('that accepts connections and never responds does not stop the gateway', async () => {
    connection.close();
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    connect(`redis://127.0.0.1:${(mute.address() as AddressInfo).port}`);
    await passRealTime(1500);
    expect(connection.isUp).toBe(false);
    expect(lines).toEqual(['Redis is unavailable']);
    expect(sockets.size).toBeGreaterThan(1);
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});
