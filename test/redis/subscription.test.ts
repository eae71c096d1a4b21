import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { subscribeRedis } from '../../src/redis/subscription.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { redisAt } from '../support/route.js';

let redis: OwnRedis;
let stop: () => void;
let heard: string[];

beforeEach(async () => {
  redis = await startRedis();
  heard = [];
});
afterEach(async () => {
  stop();
  await redis.close();
});

function listen(): void {
  const settings = redisAt(redis.url, 100);
  stop = subscribeRedis(settings, 'news', (message) => heard.push(message));
}

async function using<T>(body: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url);
  try {
    return await body(client);
  } finally {
    client.disconnect();
  }
}

/** Publishes until so many subscribers receive it. */
async function publish(message: string, listeners = 1): Promise<void> {
  await using((client) =>
    expect.poll(() => client.publish('news', message), { timeout: 4000 }).toBe(listeners),
  );
}

it('published messages are received, in order, and also after a restart of Redis', async () => {
  listen();
  await publish('one');
  await publish('two');
  await redis.kill();
  await redis.restart();
  await publish('three');
  await expect.poll(() => heard).toEqual(['one', 'two', 'three']);
});

it('a Redis that starts later is found', async () => {
  await redis.kill();
  listen();
  await redis.restart();
  await publish('late');
  await expect.poll(() => heard).toEqual(['late']);
});

it('a Redis that does not permit the subscription is asked again over the same connection', async () => {
  await using((client) => client.acl('SETUSER', 'default', 'resetchannels'));
  listen();
  const connections = () =>
    using(async (client) => Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))![1]));
  const before = await connections();
  await new Promise((resolve) => setTimeout(resolve, 500));
  // The test's own second connection, and the subscriber's if it was not open yet.
  expect((await connections()) - before).toBeLessThanOrEqual(2);
  await using((client) => client.acl('SETUSER', 'default', 'allchannels'));
  await publish('allowed');
  await expect.poll(() => heard).toEqual(['allowed']);
});

it('no subscription is left after the stop', async () => {
  listen();
  await publish('one');
  stop();
  await publish('two', 0);
  expect(heard).toEqual(['one']);
});
