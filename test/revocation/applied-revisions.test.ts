/** What gateways write of the revisions that they have applied, and how they are counted. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { AppliedRevisions } from '../../src/revocation/applied-revisions.js';
import { SILENT } from '../redis/logs.js';
import { startCluster } from '../support/redis-cluster.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { redisAt } from '../support/route.js';
import { until } from '../support/until.js';

const KEY = 'tollgate:revocations:applied';
const now = (): number => performance.now();
let redis: OwnRedis;
let client: Redis;
let connection: RedisConnection;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  const [, line] = /^ {4}(ACL SETUSER tollgate .*)$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const [, ...words] = line!.replace('PASSWORD', 'pw').split(' ');
  await client.call('ACL', words);
  connection = connectRedis(redisAt(redis.url.replace('//', '//tollgate:pw@'), 1000, 'tollgate:'), {
    log: SILENT,
    now,
  });
  await connection.attempted;
});
afterEach(() => client.flushall());
afterAll(async () => {
  connection.close();
  client.disconnect();
  await redis.close();
});

function open(gateway: string, process: string, revision: number): AppliedRevisions {
  const applied = new AppliedRevisions({ redis: connection, key: KEY, gateway, process, now });
  applied.onApplied(revision);
  return applied;
}

const untilWritten = (fields: number) => until(async () => (await client.hlen(KEY)) === fields);

describe('gateways that share a Redis', () => {
  it('are counted once, and have reached a revision when all of their processes have', async () => {
    const all = [open('one', 'a', 7), open('two', 'a', 7), open('two', 'b', 6), open('three', 'a', 8)];
    await untilWritten(4);
    expect(await all[0]!.reached(7)).toEqual({ reached: 2, total: 3 });
    const waiting = all[0]!.reached(7);
    all[2]!.onApplied(7);
    expect(await waiting).toEqual({ reached: 3, total: 3 });
    await Promise.all(all.map((applied) => applied.close()));
    expect(await client.exists(KEY)).toBe(0);
  });

  it('remove what a process that ended has left, and what cannot be read; the key expires', async () => {
    await client.hset(KEY, { 'gone.a': `9 ${Date.now() - 31_000}`, 'odd.a': 'rubbish' });
    await client.hset(KEY, { 'there.a': `9 ${Date.now() - 25_000}` });
    const one = open('one', 'a', 9);
    expect(await one.reached(9)).toEqual({ reached: 2, total: 2 });
    expect((await client.hkeys(KEY)).sort()).toEqual(['one.a', 'there.a']);
    expect(await client.pttl(KEY)).toBeGreaterThan(55_000);
    await one.close();
  });

  it('need no permission beyond those that are documented', async () => {
    const one = open('one', 'a', 1);
    expect(await one.reached(1)).toEqual({ reached: 1, total: 1 });
    await one.close();
    expect(await client.call('ACL', ['LOG'])).toEqual([]);
  });

  it('are counted in a cluster', { timeout: 120_000 }, async () => {
    const cluster = await startCluster({ replicas: 0 });
    const options = { log: SILENT, now };
    const connections = [connectRedis(cluster.settings, options), connectRedis(cluster.settings, options)];
    try {
      await Promise.all(connections.map(({ attempted }) => attempted));
      const [one, two] = connections.map(
        (each, at) =>
          new AppliedRevisions({ redis: each, key: KEY, gateway: `gateway${at}`, process: 'a', now }),
      );
      two!.onApplied(4);
      one!.onApplied(5);
      await until(async () => (await one!.reached(4))?.total === 2);
      const waiting = one!.reached(5);
      two!.onApplied(5);
      expect(await waiting).toEqual({ reached: 2, total: 2 });
      await Promise.all([one!.close(), two!.close()]);
    } finally {
      for (const each of connections) each.close();
      await cluster.close();
    }
  });
});
