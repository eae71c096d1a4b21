/** The cooldowns of failed attempts: they are listed and ended, in memory, in Redis, and while Redis is unavailable. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { Throttled, createFailedAttempts, type FailedAttempts } from '../../src/tokens/failed-attempts.js';
import { SILENT } from '../redis/logs.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { redisAt } from '../support/route.js';
import { until } from '../support/until.js';

const SETTINGS = { attempts: 3, windowMs: 60_000, cooldownMs: 600_000 };
const prefix = randomPrefix();
const redis = connect(redisUrl());
const clock = { nowMs: Date.now() };
let prefixes = 0;

function connect(url: string): RedisConnection {
  return connectRedis(redisAt(url, 1000), { log: SILENT, now: () => performance.now() });
}

beforeAll(() => redis.attempted);
afterAll(async () => {
  redis.close();
  await removeKeys(prefix);
});

function create(store: { redis?: RedisConnection; keyPrefix?: string } = {}): FailedAttempts {
  return createFailedAttempts({
    settings: SETTINGS,
    networkOf: (address) => address,
    fingerprintOfId: (id) => `hash of ${id}`,
    now: () => clock.nowMs,
    log: SILENT,
    ...store,
  });
}

const WRONG = () => Promise.resolve(undefined);
const RIGHT = () => Promise.resolve('right');
const at = (id: string | undefined, address = '192.0.2.1', endpoint = 'key_secret') => ({
  endpoint,
  id,
  address,
});

async function fail(
  attempts: FailedAttempts,
  times: number,
  who: () => ReturnType<typeof at>,
): Promise<void> {
  for (let i = 0; i < times; i++) await attempts.guard(who(), WRONG);
}

async function listed(attempts: FailedAttempts) {
  const found = await attempts.cooldowns();
  if (found === 'unavailable') throw new Error('the cooldowns are unavailable');
  return found;
}

const KINDS: readonly [string, () => readonly [FailedAttempts, ...FailedAttempts[]]][] = [
  ['in memory', () => [create()]],
  [
    'in Redis',
    () => {
      const keyPrefix = `${prefix}${(prefixes += 1)}:`;
      return [create({ redis, keyPrefix }), create({ redis, keyPrefix })];
    },
  ],
];

describe.each(KINDS)('the cooldowns of failed attempts %s', (_, fresh) => {
  it('are listed by every gateway that shares the store, without the client id', async () => {
    const gates = fresh();
    expect(await listed(gates[0])).toEqual([]);
    await fail(gates[0], 2, () => at('app'));
    expect(await listed(gates[0])).toEqual([]);
    await fail(gates[0], 1, () => at('app'));
    for (const gate of gates) {
      const [cooldown, ...others] = await listed(gate);
      expect(others).toEqual([]);
      expect(cooldown).toEqual({
        id: expect.stringMatching(/^pair-[\w-]{43}$/) as string,
        kind: 'pair',
        endpoint: 'key_secret',
        network: '192.0.2.1',
        clientIdHash: 'hash of app',
        untilMs: clock.nowMs + SETTINGS.cooldownMs,
      });
    }
  });

  it('include that of an address, which names no client', async () => {
    const [gate] = fresh();
    let id = 0;
    await fail(gate, 30, () => at(`app-${(id += 1)}`));
    const found = await listed(gate);
    expect(found).toMatchObject([{ kind: 'address', network: '192.0.2.1' }]);
    expect(found[0]).not.toHaveProperty('clientIdHash');
  });

  it('are no longer listed once they have ended', async () => {
    const [gate] = fresh();
    await fail(gate, 3, () => at('app'));
    const begunMs = clock.nowMs;
    clock.nowMs = begunMs + SETTINGS.cooldownMs;
    expect(await listed(gate)).toEqual([]);
    clock.nowMs = begunMs;
  });

  it('can be ended: right credentials are accepted again, and failures are counted from zero', async () => {
    const gates = fresh();
    const last = gates.at(-1)!;
    await fail(gates[0], 3, () => at('app'));
    await fail(gates[0], 3, () => at('other'));
    const { id } = (await listed(last)).find(({ clientIdHash }) => clientIdHash === 'hash of app')!;
    expect(await last.endCooldown(id)).toBe(true);
    expect(await listed(gates[0])).toMatchObject([{ clientIdHash: 'hash of other' }]);
    await fail(gates[0], 2, () => at('app'));
    expect(await gates[0].guard(at('app'), RIGHT)).toBe('right');
    expect(await gates[0].guard(at('other'), RIGHT)).toBeInstanceOf(Throttled);
    expect(await last.endCooldown(id)).toBe(false);
  });

  it('that do not exist are not ended, and neither are counts below the limit', async () => {
    const [gate] = fresh();
    await fail(gate, 3, () => at('app'));
    const { id } = (await listed(gate))[0]!;
    for (const other of ['', 'pair-', 'x', id.slice(0, -1), `${id}x`, id.replace('pair', 'address')])
      expect(await gate.endCooldown(other)).toBe(false);
    expect(await listed(gate)).toHaveLength(1);
  });
});

it('Every key of the cooldowns in Redis expires, and none has a client id', async () => {
  const own = await startRedis();
  const connection = connect(own.url);
  await connection.attempted;
  const gate = create({ redis: connection, keyPrefix: 'tollgate:' });
  for (const name of ['one', 'two']) await fail(gate, 3, () => at(name, '192.0.2.7'));
  const reply = await connection.runScript(
    `local found = {}
     for _, key in ipairs(redis.call('keys', '*')) do
       found[#found + 1] = key
       found[#found + 1] = redis.call('pttl', key)
     end
     return found`,
    ['any'],
    [],
  );
  connection.close();
  await own.close();
  if (reply === 'unavailable') throw new Error('Redis is unavailable');
  const ttls = reply.filter((each) => typeof each === 'number');
  expect(ttls.length).toBeGreaterThanOrEqual(4);
  for (const ttl of ttls) {
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(2 * SETTINGS.cooldownMs);
  }
  expect(reply.join(' ')).not.toMatch(/one|two/);
});

it('While Redis is unavailable the list is unavailable; cooldowns that began meanwhile are listed and ended later', async () => {
  const own = await startRedis();
  const connection = connect(own.url);
  await connection.attempted;
  const gate = create({ redis: connection, keyPrefix: 'tollgate:' });
  await own.kill();
  await until(() => !connection.isUp);
  await fail(gate, 3, () => at('app'));
  expect(await gate.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
  expect(await gate.cooldowns()).toBe('unavailable');
  await own.restart();
  await until(() => connection.isUp);
  const [cooldown] = await listed(gate);
  expect(cooldown).toMatchObject({ clientIdHash: 'hash of app' });
  expect(await gate.endCooldown(cooldown!.id)).toBe(true);
  expect(await listed(gate)).toEqual([]);
  connection.close();
  await own.close();
});
