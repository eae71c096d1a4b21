/** Traffic of gateways that share a Redis: what is written, who reads it, and what happens while Redis is unavailable. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { slotOf } from '../../src/redis/slots.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { BUCKET_MS } from '../../src/telemetry/traffic-bucket.js';
import {
  SharedTraffic,
  type OthersTraffic,
  type TrafficProcess,
} from '../../src/telemetry/shared-traffic.js';
import { Traffic } from '../../src/telemetry/traffic.js';
import type { RedisSettings } from '../../src/model/settings.js';
import { startCluster } from '../support/redis-cluster.js';
import { randomPrefix, removeKeys, startRedis, type OwnRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { exchangeRecord } from './traffic-fixture.js';

const START = Date.UTC(2026, 10, 22, 10);
const SILENT = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};
const SLOW_MS = 120_000;

function settingsOf(port: number, keyPrefix: string): RedisSettings {
  const access = { username: undefined, password: undefined, tls: undefined };
  return {
    servers: { kind: 'single', address: { host: '127.0.0.1', port }, db: 0, access },
    timeoutMs: 200,
    keyPrefix,
  };
}

interface Gate {
  readonly own: TrafficProcess;
  /** Counts a request and ends its ten seconds. */
  serve(requests: number): Promise<void>;
  read(from?: number, without?: readonly TrafficProcess[]): Promise<OthersTraffic>;
  readonly connection: RedisConnection;
}

const clock = { ms: START };

function openGate(gateway: string, settings: RedisSettings, process = 'a'): Gate {
  const connection = connectRedis(settings, { log: SILENT, now: () => performance.now() });
  const own = { gateway, process };
  const shared = new SharedTraffic({
    redis: () => connection,
    keyPrefix: () => settings.keyPrefix,
    own,
    now: () => clock.ms,
  });
  const traffic = new Traffic({ now: () => clock.ms });
  return {
    own,
    connection,
    async serve(requests) {
      traffic.advance();
      const record = exchangeRecord({ route: 'GET /a', app: ['main', gateway], status: 200, durationMs: 5 });
      for (let count = 0; count < requests; count++) traffic.add(record);
      const at = Math.floor(clock.ms / BUCKET_MS);
      clock.ms += BUCKET_MS;
      await shared.write(traffic.buckets().find((bucket) => bucket.at === at));
    },
    read: (from = 0, without = [own]) =>
      shared.read(Math.max(from, Math.floor(clock.ms / BUCKET_MS) - 359), without),
  };
}

const seen = ({ buckets, gateways }: OthersTraffic): object => ({
  apps: buckets
    .map(({ at, apps }) => `${at - START / BUCKET_MS} ${apps.map(({ app }) => app).join()}`)
    .sort(),
  gateways: [...gateways].sort(),
});

describe('gateways that share a Redis', () => {
  let redis: OwnRedis;
  let prefix: string;
  let gates: Gate[];

  beforeAll(async () => {
    redis = await startRedis();
  }, SLOW_MS);
  afterAll(() => redis.close());
  beforeEach(async () => {
    clock.ms = START;
    prefix = randomPrefix();
    gates = ['one', 'two'].map((name) => openGate(name, settingsOf(redis.port, prefix)));
    await Promise.all(gates.map(({ connection }) => connection.attempted));
  });
  afterEach(async () => {
    for (const { connection } of gates) connection.close();
    await removeKeys(prefix, redis.url);
  });

  it('read what the others have written, and not what they know already', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(3);
    await two.serve(2);
    expect(seen(await one.read())).toEqual({ apps: ['1 two'], gateways: ['two'] });
    expect(seen(await two.read())).toEqual({ apps: ['0 one'], gateways: ['one'] });
    expect(seen(await two.read(0, [one.own, two.own]))).toEqual({ apps: [], gateways: [] });
  });

  it('are there without any traffic, and are gone after half a minute of silence', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(1);
    await two.serve(0);
    expect(seen(await one.read())).toEqual({ apps: [], gateways: ['two'] });
    clock.ms += 5 * BUCKET_MS;
    expect(seen(await one.read())).toEqual({ apps: [], gateways: [] });
    expect(seen(await two.read())).toEqual({ apps: ['0 one'], gateways: [] });
  });

  it('read a bucket once while the console goes on asking', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(1);
    clock.ms += 5 * BUCKET_MS;
    expect(seen(await two.read())).toMatchObject({ apps: ['0 one'] });
    await withRedis(async (client) => client.del(await keyOf(client, 'one')));
    expect(seen(await two.read())).toMatchObject({ apps: ['0 one'] });
  });

  it('find a bucket that was written after they have asked for it', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(1);
    expect(seen(await two.read())).toMatchObject({ apps: ['0 one'] });
    await one.serve(1);
    expect(seen(await two.read())).toMatchObject({ apps: ['0 one', '1 one'] });
  });

  it('write one small key for ten seconds, which expires after an hour', async () => {
    const [one] = gates as [Gate];
    await one.serve(50);
    await withRedis(async (client) => {
      const keys = await client.keys(`${prefix}{traffic}:*`);
      expect(keys.sort()).toEqual([
        `${prefix}{traffic}:gateways:${START / 3_600_000}`,
        `${prefix}{traffic}:one.a:${START / BUCKET_MS}`,
      ]);
      expect(await client.strlen(keys[1]!)).toBeLessThan(250);
      expect(await client.pttl(keys[1]!)).toBeGreaterThan(3_590_000);
      expect(await client.pttl(keys[0]!)).toBeLessThanOrEqual(7_200_000);
    });
  });

  it('need no permission beyond those that are documented', async () => {
    const [, line] =
      /^ {4}(ACL SETUSER tollgate .*)$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
    const [, ...words] = line!.replace('PASSWORD', 'pw').split(' ');
    await withRedis((client) => client.call('ACL', words));
    const { servers, ...settings } = settingsOf(redis.port, 'tollgate:');
    const access = { username: 'tollgate', password: 'pw', tls: undefined };
    const limited = openGate('limited', { ...settings, servers: { ...servers, access } });
    await limited.connection.attempted;
    await limited.serve(1);
    expect(seen(await limited.read(0, []))).toEqual({ apps: ['0 limited'], gateways: ['limited'] });
    expect(await withRedis((client) => client.call('ACL', ['LOG']))).toEqual([]);
    limited.connection.close();
    await removeKeys('tollgate:', redis.url);
  });

  it('ignore a key that is not a bucket', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(1);
    await withRedis(async (client) => client.set(await keyOf(client, 'one'), 'rubbish'));
    expect(seen(await two.read())).toEqual({ apps: [], gateways: ['one'] });
  });

  it('have their own numbers while Redis hangs, and the others again afterwards', async () => {
    const [one, two] = gates as [Gate, Gate];
    await one.serve(1);
    redis.stop();
    try {
      const began = performance.now();
      expect(seen(await two.read())).toEqual({ apps: [], gateways: [] });
      await two.serve(1);
      expect(performance.now() - began).toBeLessThan(5000);
    } finally {
      redis.continue();
    }
    await until(() => one.connection.isUp && two.connection.isUp);
    await one.serve(1);
    expect(seen(await two.read())).toMatchObject({ gateways: ['one'] });
  }, 20_000);

  it('write nothing while Redis is known to be unavailable', async () => {
    const [one, two] = gates as [Gate, Gate];
    await redis.kill();
    await until(() => !one.connection.isUp);
    await one.serve(1);
    await redis.restart();
    await until(() => one.connection.isUp && two.connection.isUp);
    expect(seen(await two.read())).toEqual({ apps: [], gateways: [] });
  }, 20_000);

  async function withRedis<T>(use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redis.url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  async function keyOf(client: Redis, gateway: string): Promise<string> {
    const [key] = await client.keys(`${prefix}*${gateway}.a:*`);
    return key!;
  }
});

it(
  'gateways that share a cluster write to one slot, and read each other',
  async () => {
    const cluster = await startCluster({ replicas: 0 });
    const access = { username: undefined, password: undefined, tls: undefined };
    const nodes = cluster.addresses.map((address) => ({
      host: '127.0.0.1',
      port: Number(address.split(':')[1]),
    }));
    const settings = {
      servers: { kind: 'cluster', nodes, access },
      timeoutMs: 500,
      keyPrefix: 'tollgate:',
    } as const;
    clock.ms = START;
    const gates = ['one', 'two'].map((name) => openGate(name, settings));
    const [one, two] = gates as [Gate, Gate];
    try {
      await Promise.all(gates.map(({ connection }) => connection.attempted));
      await one.serve(2);
      await two.serve(2);
      expect(seen(await one.read())).toEqual({ apps: ['1 two'], gateways: ['two'] });
      const holder = await cluster.holderOf('tollgate:{traffic}:gateways:0');
      const keys = await cluster.ask(holder, (client) => client.keys('tollgate:*'));
      expect(keys).toHaveLength(3);
      expect(new Set(keys.map(slotOf)).size).toBe(1);
    } finally {
      for (const { connection } of gates) connection.close();
      await cluster.close();
    }
  },
  SLOW_MS,
);
