/** A Redis that is reachable but unusable is unavailable, with its own reason, until it works. */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisSettings } from '../../src/model/settings.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { freePort, serverArgs, startRedis, type OwnRedis, type RedisProcess } from '../support/redis.js';
import { redisAt } from '../support/route.js';
import { readableLog } from './logs.js';

const COUNT = "return { redis.call('INCR', KEYS[1]) }";

let redis: OwnRedis;
let admin: Redis;
let connection: RedisConnection | undefined;
let lines: string[];
let reasons: string[];

afterEach(async () => {
  connection?.close();
  connection = undefined;
  admin.disconnect();
  await redis.close();
});

async function begin(args?: NonNullable<RedisProcess['args']>, password?: string): Promise<void> {
  redis = await startRedis(args && { args });
  admin = new Redis(redis.url, { enableReadyCheck: false, ...(password && { password }) });
  admin.on('error', () => undefined);
}

async function connect(settings: RedisSettings = redisAt(redis.url, 200)): Promise<RedisConnection> {
  const readable = readableLog();
  ({ lines, reasons } = readable);
  connection = connectRedis(settings, { log: readable.log, now: () => performance.now() });
  await connection.attempted;
  return connection;
}

const count = (key = 'k') => connection?.runScript(COUNT, [key], []);
const untilUp = (up: boolean) => expect.poll(() => connection?.isUp, { timeout: 3000 }).toBe(up);

describe('a database that is refused', () => {
  beforeEach(() => begin());

  it('makes Redis unavailable, and no other database is ever used', async () => {
    await connect(redisAt(`${redis.url}/99`, 200));
    expect(connection?.isUp).toBe(false);
    for (let i = 0; i < 20; i++) {
      expect(await count()).toBe('unavailable');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await admin.dbsize()).toBe(0);
    expect(lines).toEqual(['Redis is unavailable']);
    expect(reasons[0]).toMatch(/DB index is out of range/);
  });

  it('that exists is the one used for counts, also after a reconnection', async () => {
    await connect(redisAt(`${redis.url}/3`, 200));
    expect(await count()).toEqual([1]);
    await redis.kill();
    await untilUp(false);
    await redis.restart();
    await untilUp(true);
    expect(await count()).toEqual([1]);
    expect(await admin.keys('k')).toEqual([]);
    await admin.select(3);
    expect(await admin.keys('k')).toEqual(['k']);
  });
});

describe('a server of a cluster with a database', () => {
  beforeEach(() => begin(serverArgs('--cluster-enabled', 'yes')));

  it('is unavailable for that reason', async () => {
    await connect(redisAt(`${redis.url}/1`, 200));
    expect(await count()).toBe('unavailable');
    expect(reasons[0]).toMatch(/SELECT is not allowed in cluster mode/);
  });
});

describe('a Redis that answers every script with an error', () => {
  it.each([
    [
      'by its ACL',
      ['ACL', 'SETUSER', 'default', '-@scripting'],
      ['ACL', 'SETUSER', 'default', '+@all'],
      /NOPERM/,
    ],
    [
      'by the keys of its ACL',
      ['ACL', 'SETUSER', 'default', 'resetkeys', '~other:*'],
      ['ACL', 'SETUSER', 'default', 'allkeys'],
      /NOPERM|No permissions to access a key/,
    ],
    [
      'for lack of memory',
      ['CONFIG', 'SET', 'maxmemory', '1'],
      ['CONFIG', 'SET', 'maxmemory', '0'],
      /OOM command not allowed/,
    ],
  ])(
    '%s is unavailable with that reason, and available when it permits them',
    async (_why, forbid, allow, reason) => {
      await begin();
      await connect();
      expect(await count()).toEqual([1]);
      const call = ([name = '', ...words]: string[]) => admin.call(name, words);
      await call(forbid);
      await connection?.runScript('return redis.call("SET", KEYS[1], "1")', ['k'], []);
      await count();
      await untilUp(false);
      await call(allow);
      await untilUp(true);
      expect(await count()).toEqual([2]);
      expect(lines).toEqual(['Redis is connected', 'Redis is unavailable', 'Redis is available again']);
      expect(reasons).toEqual([expect.stringMatching(reason)]);
    },
  );

  it('from the beginning is never available', async () => {
    await begin();
    await admin.call('ACL', ['SETUSER', 'default', '-@scripting']);
    await connect();
    expect(connection?.isUp).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(lines).toEqual(['Redis is unavailable']);
    expect(reasons[0]).toMatch(/NOPERM/);
  });

  it('since it does not know them is unavailable; the part of its error that repeats the call is not logged', async () => {
    await begin(serverArgs('--rename-command', 'EVAL', ''));
    await connect();
    expect(reasons).toEqual(["ERR unknown command 'EVAL'"]);
  });

  it('since it cannot save is unavailable until it can', async () => {
    await begin(serverArgs('--enable-protected-configs', 'yes'));
    await admin.config('SET', 'save', '3600 1');
    await connect();
    expect(await count()).toEqual([1]);
    await admin.config('SET', 'dir', '/proc');
    await admin.bgsave();
    await expect.poll(() => admin.info('persistence')).toMatch(/rdb_last_bgsave_status:err/);
    await count();
    await untilUp(false);
    await admin.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await untilUp(true);
    expect(reasons).toEqual([expect.stringMatching(/MISCONF/)]);
  });
});

describe('a Redis without INFO', () => {
  it('is used like any other', async () => {
    await begin(serverArgs('--rename-command', 'INFO', ''));
    await connect();
    expect(await count()).toEqual([1]);
    expect(lines).toEqual(['Redis is connected']);
  });
});

describe('a read-only replica', () => {
  it('is dropped, and five seconds on one are one line in the log', async () => {
    await begin();
    await connect();
    await admin.replicaof('127.0.0.1', await freePort());
    await count();
    expect(connection?.isUp).toBe(false);
    for (let i = 0; i < 50; i++) {
      await count();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(lines).toEqual(['Redis is connected', 'Redis is unavailable']);
    expect(reasons).toEqual([expect.stringMatching(/READONLY/)]);
    await admin.replicaof('NO', 'ONE');
    await untilUp(true);
    expect(await count()).toEqual([1]);
  });

  it('is recognized by READONLY anywhere in the error', async () => {
    await begin();
    await connect();
    // As up to version 6.2.
    const words = "(call to f_1): @user_script: 1: -READONLY You can\\'t write against a read only replica.";
    const old = `return redis.error_reply('ERR Error running script ${words}')`;
    const before = await admin.info('stats');
    expect(await connection?.runScript(old, [], [])).toBe('unavailable');
    expect(connection?.isUp).toBe(false);
    await untilUp(true);
    const connections = (stats: string) => Number(/total_connections_received:(\d+)/.exec(stats)?.[1]);
    expect(connections(await admin.info('stats'))).toBe(connections(before) + 1);
  });
});

describe('a password', () => {
  it('that was rotated is logged as the reason', async () => {
    await begin(serverArgs('--requirepass', 'old'), 'old');
    await connect(redisAt(redis.url.replace('//', '//:old@'), 200));
    expect(connection?.isUp).toBe(true);
    await admin.config('SET', 'requirepass', 'new');
    await admin.call('CLIENT', ['KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    await expect.poll(() => reasons.at(-1)).toMatch(/^WRONGPASS/);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(lines).toEqual([
      'Redis is connected',
      'Redis is unavailable',
      'Redis is still unavailable, for another reason',
    ]);
    expect(JSON.stringify(reasons)).not.toMatch(/old|new/);
  });

  it('that is missing is logged as the reason', async () => {
    await begin(serverArgs('--requirepass', 'secret'), 'secret');
    await connect();
    expect(connection?.isUp).toBe(false);
    expect(reasons[0]).toMatch(/^NOAUTH/);
  });
});
