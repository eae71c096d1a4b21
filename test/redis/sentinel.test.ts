import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { subscribeRedis } from '../../src/redis/subscription.js';
import { passRealTime } from '../contract/limit-store.js';
import { freePort } from '../support/redis.js';
import { startSentinels, type OwnSentinels } from '../support/redis-sentinels.js';
import { readableLog } from './logs.js';

const WRITE = "return { redis.call('INCR', KEYS[1]) }";
const PORT = "return { string.match(redis.call('INFO', 'server'), 'tcp_port:(%d+)') }";
const PASSWORD = 'of-the-tests';

let own: OwnSentinels;
let connection: RedisConnection | undefined;
let lines: string[];
let stopListening: (() => void) | undefined;

beforeAll(async () => {
  own = await startSentinels({ password: PASSWORD });
});
afterEach(() => {
  connection?.close();
  stopListening?.();
});
afterAll(() => own.close());

async function connect(settings = own.settings): Promise<RedisConnection> {
  const readable = readableLog();
  lines = readable.lines;
  connection = connectRedis(settings, { log: readable.log, now: () => performance.now() });
  await connection.attempted;
  return connection;
}

/** Time until a writing script gets a reply. */
async function untilCounted(redis: RedisConnection): Promise<number> {
  const start = performance.now();
  while ((await redis.runScript(WRITE, ['k'], [])) === 'unavailable') {
    if (performance.now() - start > 10_000) throw new Error('not answered');
    await passRealTime(5);
  }
  return performance.now() - start;
}

async function publish(port: number, message: string): Promise<void> {
  const client = new Redis({ port, password: PASSWORD });
  await expect.poll(() => client.publish('news', message), { timeout: 3000 }).toBe(1);
  client.disconnect();
}

describe('a primary that Sentinels name', () => {
  it('is found, with the passwords for it and for them, even if one Sentinel does not respond', async () => {
    const [silent] = own.sentinels;
    silent?.stop();
    const redis = await connect();
    silent?.continue();
    expect(await redis.runScript(PORT, [], [])).toEqual([String(own.servers[0].port)]);
    expect(lines).toEqual(['Redis is connected']);
  });

  it(
    'and stops responding has a successor, which counts and is subscribed within a second of the failover',
    { timeout: 40_000 },
    async () => {
      const [first, second] = own.servers;
      const heard: string[] = [];
      stopListening = subscribeRedis(own.settings, 'news', (message) => heard.push(message));
      await publish(first.port, 'before');
      const redis = await connect();
      first.stop();
      for (let i = 0; i < 3; i++) expect(await redis.runScript(WRITE, ['k'], [])).toBe('unavailable');
      expect(redis.isUp).toBe(false);
      await own.untilPrimary(second);
      expect(await untilCounted(redis)).toBeLessThan(1000);
      await publish(second.port, 'after');
      await expect.poll(() => heard).toEqual(['before', 'after']);
      first.continue();
      expect(await redis.runScript(PORT, [], [])).toEqual([String(second.port)]);
      // In between, an error may report that the successor is still a replica.
      const ends = lines.filter((line) => !line.startsWith('Redis is still unavailable'));
      expect(ends).toEqual(['Redis is connected', 'Redis is unavailable', 'Redis is available again']);
    },
  );

  it('is followed after a planned failover', { timeout: 40_000 }, async () => {
    const [first, second] = own.servers;
    await own.untilPrimary(second);
    const redis = await connect();
    expect(await redis.runScript(PORT, [], [])).toEqual([String(second.port)]);
    await own.failOver();
    await own.untilPrimary(first);
    expect(await untilCounted(redis)).toBeLessThan(1000);
    expect(await redis.runScript(PORT, [], [])).toEqual([String(first.port)]);
  });
});

describe('Sentinels that are all unavailable', () => {
  it('do not delay a gateway that starts, and are tried again', async () => {
    const port = await freePort();
    const { servers } = own.settings;
    if (servers.kind !== 'sentinel') throw new TypeError('not by Sentinels');
    const start = performance.now();
    const redis = await connect({
      ...own.settings,
      servers: { ...servers, sentinels: [{ host: '127.0.0.1', port }] },
    });
    expect(performance.now() - start).toBeLessThan(1000);
    expect(await redis.runScript(WRITE, ['k'], [])).toBe('unavailable');
    await passRealTime(300);
    expect(lines).toEqual(['Redis is unavailable']);
  });
});
