import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { passRealTime } from '../contract/limit-store.js';
import type { OwnRedis } from '../support/redis.js';
import { startCluster, type OwnCluster } from '../support/redis-cluster.js';
import { readableLog } from './logs.js';

const ECHO = 'return { KEYS[1], ARGV[1] }';
const WRITE = "return { redis.call('INCR', KEYS[1]) }";

let cluster: OwnCluster;
let connection: RedisConnection;
let lines: string[];

beforeAll(async () => {
  cluster = await startCluster();
});
beforeEach(async () => {
  await connect();
});
afterEach(() => connection.close());
afterAll(() => cluster.close());

async function connect(settings = cluster.settings): Promise<void> {
  const readable = readableLog();
  lines = readable.lines;
  connection = connectRedis(settings, { log: readable.log, now: () => performance.now() });
  await connection.attempted;
}

/** A key that one server holds, and one that another holds. */
async function keysApart(): Promise<{ here: string; holder: OwnRedis; elsewhere: string; other: OwnRedis }> {
  const holder = await cluster.holderOf('k0');
  for (let i = 1; ; i++) {
    const other = await cluster.holderOf(`k${i}`);
    if (other !== holder) return { here: 'k0', holder, elsewhere: `k${i}`, other };
  }
}

/** The slot of a key, its server, and another primary. */
async function aSlot(key: string) {
  const holder = await cluster.holderOf(key);
  let other = holder;
  for (let i = 0; other === holder; i++) other = await cluster.holderOf(`another-${i}`);
  return { key, slot: connection.locate!(key).slot, holder, other };
}

async function untilAnswered(key: string, mostMs = 10_000): Promise<number> {
  const start = performance.now();
  while ((await connection.runScript(WRITE, [key], [])) === 'unavailable') {
    if (performance.now() - start > mostMs) throw new Error(`not answered within ${mostMs} ms`);
    await passRealTime(5);
  }
  return performance.now() - start;
}

const idOf = (server: OwnRedis) =>
  cluster.ask(server, (redis) => redis.call('CLUSTER', ['MYID'])).then(String);

async function setSlot(server: OwnRedis, slot: number, ...words: string[]): Promise<void> {
  await cluster.ask(server, (redis) => redis.call('CLUSTER', ['SETSLOT', slot, ...words]));
}

describe('a connection to a cluster', () => {
  it('finds all servers with slots from the configured one, and runs each script where its key is', async () => {
    expect(connection.isUp).toBe(true);
    const keys = Array.from({ length: 50 }, (_, i) => `{app-${i}}:count`);
    const replies = await Promise.all(keys.map((key) => connection.runScript(ECHO, [key], ['x'])));
    expect(replies).toEqual(keys.map((key) => [key, 'x']));
    expect(new Set(keys.map((key) => connection.locate?.(key).server)).size).toBe(3);
    expect(lines).not.toContain('Redis calls fail');
  });

  it('computes the slot of a key as the cluster does', async () => {
    const [server] = cluster.servers;
    const keys = ['', 'a', '123456789', '{a}:b', 'x{a}y{b}', '{}x', '{', '}', 'a{b', 'a}{b}', 'p:{a:i:x}:12'];
    for (const key of keys) {
      const slot = await cluster.ask(server!, (redis) => redis.call('CLUSTER', ['KEYSLOT', key]));
      expect(connection.locate?.(key).slot).toBe(slot);
    }
  });

  it('follows a slot that has moved, in the same call', async () => {
    const { key, slot, holder, other } = await aSlot('moves');
    const before = connection.locate!(key).server;
    await setSlot(other, slot, 'IMPORTING', await idOf(holder));
    await setSlot(holder, slot, 'MIGRATING', await idOf(other));
    for (const server of [other, holder]) await setSlot(server, slot, 'NODE', await idOf(other));
    expect(await connection.runScript(ECHO, [key], ['moved'])).toEqual([key, 'moved']);
    expect(connection.locate!(key).server).not.toBe(before);
  });

  it('follows a key that moved before its slot, and is unavailable for keys that are split', async () => {
    const { key, slot, holder, other } = await aSlot('torn');
    const [stays, goes] = [`{${key}}stays`, `{${key}}goes`];
    await connection.runScript(WRITE, [stays], []);
    await setSlot(other, slot, 'IMPORTING', await idOf(holder));
    await setSlot(holder, slot, 'MIGRATING', await idOf(other));
    const before = connection.locate!(key).server;
    expect(await connection.runScript(WRITE, [goes], [])).toEqual([1]);
    expect(await connection.runScript(WRITE, [stays], [])).toEqual([2]);
    // The slot has not moved yet.
    expect(connection.locate!(key).server).toBe(before);
    expect(await connection.runScript(WRITE, [stays, goes], [])).toBe('unavailable');
    expect(connection.isUp).toBe(true);
    await cluster.ask(other, (redis) => redis.call('ASKING').then(() => redis.del(goes)));
    for (const server of [other, holder]) await setSlot(server, slot, 'STABLE');
  });
});

describe('one server of a cluster', () => {
  it('that stops responding becomes unavailable alone: the others keep counting, and its own calls wait for nothing', async () => {
    const { here, holder, elsewhere } = await keysApart();
    holder.stop();
    const first = await Promise.all([1, 2, 3].map(() => connection.runScript(WRITE, [here], [])));
    const start = performance.now();
    const then = await Promise.all([1, 2, 3, 4].map(() => connection.runScript(WRITE, [here], [])));
    const tookMs = performance.now() - start;
    const others = await connection.runScript(ECHO, [elsewhere], ['x']);
    holder.continue();
    expect(first).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(then).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable']);
    expect(tookMs).toBeLessThan(50);
    expect(others).toEqual([elsewhere, 'x']);
    expect(connection.isUp).toBe(true);
    expect(lines.filter((line) => line === 'Redis is unavailable')).toHaveLength(1);
    expect(await untilAnswered(here)).toBeLessThan(1000);
  });

  it(
    'that is lost has a successor, which is found within a second of the failover',
    { timeout: 40_000 },
    async () => {
      const { here, holder } = await keysApart();
      expect(await untilAnswered(here)).toBeLessThan(1000);
      await holder.kill();
      await cluster.untilTakenOver(holder);
      expect(await untilAnswered(here)).toBeLessThan(1000);
      await holder.restart();
      expect(await cluster.holderOf(here)).not.toBe(holder);
      expect(await connection.runScript(ECHO, [here], ['x'])).toEqual([here, 'x']);
    },
  );
});

describe('a cluster that is entirely unavailable', () => {
  it('does not delay a gateway that starts, and is found again', { timeout: 40_000 }, async () => {
    connection.close();
    for (const server of cluster.servers) await server.kill();
    const start = performance.now();
    await connect();
    expect(performance.now() - start).toBeLessThan(2000);
    expect(connection.isUp).toBe(false);
    expect(await connection.runScript(WRITE, ['k0'], [])).toBe('unavailable');
    for (const server of cluster.servers) await server.restart();
    await untilAnswered('k0', 20_000);
    await untilAnswered('k1', 20_000);
    connection.close();
    const after = lines.length;
    await passRealTime(300);
    expect(lines).toHaveLength(after);
  });
});
