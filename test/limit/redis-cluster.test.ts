import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRedisStore } from '../../src/limit/redis-store.js';
import type { LimitRedis } from '../../src/limit/limit-redis.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { subscribeRedis } from '../../src/redis/subscription.js';
import { createRedisNotifier } from '../../src/revocation/revocation-notifier.js';
import { createRedisSource } from '../../src/revocation/redis-source.js';
import { Throttled, createFailedAttempts } from '../../src/tokens/failed-attempts.js';
import { describeInspectInRealTime } from '../contract/inspect-limits.js';
import { describeLimitStore, passRealTime, take, type StoreUnderTest } from '../contract/limit-store.js';
import { describeRevocationSource } from '../contract/revocation-source.js';
import { SILENT } from '../redis/logs.js';
import { randomPrefix } from '../support/redis.js';
import { startCluster, type OwnCluster } from '../support/redis-cluster.js';
import { policy } from './policies.js';

const TIMEOUT_MS = 10_000;
const monotonic = () => performance.now();

let cluster: OwnCluster;
const opened: RedisConnection[] = [];

beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(() => cluster.close());

async function connected(): Promise<RedisConnection> {
  const connection = connectRedis(
    { ...cluster.settings, timeoutMs: TIMEOUT_MS },
    { log: SILENT, now: monotonic },
  );
  await connection.attempted;
  return connection;
}

async function connectedForTest(): Promise<RedisConnection> {
  const connection = await connected();
  opened.push(connection);
  return connection;
}

function storeOver(connection: LimitRedis, keyPrefix = randomPrefix()) {
  return createRedisStore({ connection, keyPrefix, timeoutMs: TIMEOUT_MS, monotonic });
}

async function openStore(): Promise<StoreUnderTest> {
  const connection = await connected();
  return {
    store: storeOver(connection),
    now: Date.now,
    pass: passRealTime,
    close: () => connection.close(),
  };
}

describeLimitStore('the Redis store in a cluster', openStore);
describeInspectInRealTime('the Redis store in a cluster', openStore);

describeRevocationSource('a cluster', async () => {
  const key = `${randomPrefix()}revocations`;
  const open = async () => createRedisSource({ connection: await connectedForTest(), key, name: 'test' });
  return [await open(), await open()];
});

describe('counting in a cluster', () => {
  it('sends the checks of one tick as one call for each slot, at any server', async () => {
    const connection = await connectedForTest();
    const calls: (readonly string[])[] = [];
    const store = storeOver({
      isUp: true,
      locate: connection.locate!,
      runScript(lua, keys, args, withinMs) {
        calls.push(keys);
        return connection.runScript(lua, keys, args, withinMs);
      },
    });
    const limits = [policy(3, 60_000), policy(30, 90_000)];
    const checks = Array.from({ length: 60 }, (_, i) => [`{app-${i % 6}}:a`, `{app-${i % 6}}:b`]);
    const turn = () => Promise.all(checks.map((keys) => take(store, keys, limits)));
    await Promise.all(checks.slice(0, 6).map((keys) => take(store, keys, limits)));
    calls.length = 0;
    const verdicts = await turn();
    expect(calls).toHaveLength(6);
    for (const keys of calls) expect(new Set(keys.map((key) => connection.locate!(key).slot)).size).toBe(1);
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(6 * 2);
  });

  it("times each server by the server's own clock, which is learned once", async () => {
    const servers = [{ clock: 1_000_000 }, { clock: 5_000_000_000 }] as const;
    const deadlines: number[][] = [[], []];
    const at = (key: string) => (key.includes('{b}') ? 1 : 0);
    const store = storeOver({
      isUp: true,
      locate: (key) => ({ slot: at(key), server: servers[at(key)] }),
      runScript(_, [key = ''], [deadline = 0]) {
        const now = servers[at(key)].clock + Math.floor(performance.now());
        deadlines[at(key)]!.push(Number(deadline) - now);
        return Promise.resolve(Number(deadline) < now ? [now] : [now, 1, 0, 1, now + 1000]);
      },
    });
    const limits = [policy(2, 1000)];
    for (let i = 0; i < 3; i++)
      await Promise.all(['{a}:k', '{b}:k'].map((key) => take(store, [key], limits)));
    for (const of of deadlines) {
      // Unknown at first; then a little less than the timeout is left, each time.
      expect(of).toHaveLength(4);
      expect(of[0]).toBeLessThan(0);
      for (const left of of.slice(1)) {
        expect(left).toBeGreaterThan(TIMEOUT_MS - 500);
        expect(left).toBeLessThanOrEqual(TIMEOUT_MS);
      }
    }
  });

  it('counts failed attempts over all gateways, each where its key is', async () => {
    const keyPrefix = randomPrefix();
    const gates = await Promise.all(
      [1, 2].map(async () =>
        createFailedAttempts({
          settings: { attempts: 4, windowMs: 60_000, cooldownMs: 600_000 },
          redis: await connectedForTest(),
          keyPrefix,
          networkOf: (address) => address,
          fingerprintOfId: (id) => id,
          now: Date.now,
          log: SILENT,
        }),
      ),
    );
    const wrong = () => Promise.resolve(undefined);
    const attempt = (id: string) => ({ endpoint: 'key_secret', id, address: '192.0.2.1' });
    for (let i = 0; i < 4; i++) expect(await gates[i % 2]!.guard(attempt('app'), wrong)).toBeUndefined();
    for (const gate of gates) expect(await gate.guard(attempt('app'), wrong)).toBeInstanceOf(Throttled);
    expect(await gates[0]!.guard(attempt('other'), wrong)).toBeUndefined();
  });
});

describe('subscribing to a cluster', () => {
  it('delivers a message published at one server to another, also after the subscribed one is lost', async () => {
    const key = `${randomPrefix()}revocations`;
    const heard: string[] = [];
    const listeners = () =>
      Promise.all(
        cluster.servers.map((server) =>
          cluster
            .ask(server, (redis) => redis.pubsub('NUMSUB', key))
            .then((reply) => Number(reply[1]))
            .catch(() => 0),
        ),
      );
    const stop = subscribeRedis(cluster.settings, key, (message) => heard.push(message));
    const notifier = createRedisNotifier({
      connection: await connectedForTest(),
      subscribe: () => () => undefined,
      key,
    });
    // The configured one.
    await expect.poll(listeners, { timeout: 3000 }).toEqual([1, 0, 0]);
    await notifier.publish();
    await expect.poll(() => heard.length).toBe(1);

    const [listenedTo] = cluster.servers;
    listenedTo!.stop();
    await expect.poll(async () => (await listeners()).slice(1).includes(1), { timeout: 4000 }).toBe(true);
    listenedTo!.continue();
    stop();
    await expect.poll(listeners, { timeout: 3000 }).toEqual([0, 0, 0]);
  });
});
