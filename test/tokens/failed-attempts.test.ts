import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { Throttled, createFailedAttempts, type FailedAttempts } from '../../src/tokens/failed-attempts.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { logInto, PASSWORD, read, startTokenService, type TestService } from './support.js';
import { redisAt } from '../support/route.js';

const SETTINGS = { attempts: 20, windowMs: 60_000, cooldownMs: 600_000 };
const prefix = randomPrefix();
const redis = connect(redisUrl());
let prefixes = 0;
const lines: string[] = [];
const log = logInto(lines);

function connect(url: string): RedisConnection {
  const settings = redisAt(url, 1000);
  return connectRedis(settings, { log: logInto([]), now: () => performance.now() });
}

afterAll(async () => {
  redis.close();
  await removeKeys(prefix);
});

interface Options {
  settings?: Partial<typeof SETTINGS>;
  maxKeys?: number;
  networkOf?: (address: string) => string;
  redis?: RedisConnection;
  keyPrefix?: string;
}

function create({ settings, networkOf = (address) => address, ...options }: Options = {}): FailedAttempts {
  return createFailedAttempts({
    settings: { ...SETTINGS, ...settings },
    networkOf,
    fingerprintOfId: (id) => `hash of ${id}`,
    now: Date.now,
    log,
    ...options,
  });
}

const WRONG = () => Promise.resolve(undefined);
const RIGHT = () => Promise.resolve('right');
const at = (id: string | undefined, address = '192.0.2.1', endpoint = 'key_secret') => ({
  endpoint,
  id,
  address,
});
const anyId = () => at(`id-${Math.random()}`);

async function fail(attempts: FailedAttempts, times: number, who = () => at('app')): Promise<void> {
  for (let i = 0; i < times; i++) expect(await attempts.guard(who(), WRONG)).toBeUndefined();
}

const KINDS = [
  ['in memory', () => create()],
  ['in Redis', () => create({ redis, keyPrefix: `${prefix}${++prefixes}:` })],
] as const;

describe.each(KINDS)('failed attempts %s', (_, fresh) => {
  let attempts: FailedAttempts;
  beforeEach(async () => {
    await redis.attempted;
    attempts = fresh();
  });

  it('block the 21st attempt in a minute, right or wrong, for ten minutes', async () => {
    await fail(attempts, 20);
    for (const check of [WRONG, RIGHT]) {
      const response = await attempts.guard(at('app'), check);
      expect(response).toBeInstanceOf(Throttled);
      expect((response as Throttled).retryAfterS).toBeGreaterThan(595);
      expect((response as Throttled).retryAfterS).toBeLessThanOrEqual(600);
    }
  });

  it('do not block the same id at another address or endpoint, nor other ids here', async () => {
    await fail(attempts, 20);
    expect(await attempts.guard(at('app', '192.0.2.2'), RIGHT)).toBe('right');
    expect(await attempts.guard(at('app', '192.0.2.1', 'revoke'), RIGHT)).toBe('right');
    expect(await attempts.guard(at('other'), RIGHT)).toBe('right');
  });

  it('are also counted for credentials that could not be checked', async () => {
    const busy = () => Promise.resolve('busy' as const);
    for (let i = 0; i < 20; i++) expect(await attempts.guard(at('app'), busy)).toBe('busy');
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
  });

  it('stop the check of credentials while the block lasts', async () => {
    await fail(attempts, 20);
    const check = vi.fn(RIGHT);
    await attempts.guard(at('app'), check);
    expect(check).not.toHaveBeenCalled();
  });

  it('block an address after 200, with any ids', async () => {
    await fail(attempts, 200, anyId);
    expect(await attempts.guard(at('new'), RIGHT)).toBeInstanceOf(Throttled);
    expect(await attempts.guard(at(undefined, '192.0.2.1', 'named'), RIGHT)).toBeInstanceOf(Throttled);
    expect(await attempts.guard(at('new', '192.0.2.2'), RIGHT)).toBe('right');
  });

  it('are counted by address alone if there is no id', async () => {
    await fail(attempts, 200, () => at(undefined));
    expect(await attempts.guard(at(undefined), RIGHT)).toBeInstanceOf(Throttled);
  });

  it('do not include correct secrets', async () => {
    await fail(attempts, 19);
    for (let i = 0; i < 30; i++) expect(await attempts.guard(at('app'), RIGHT)).toBe('right');
    await fail(attempts, 1);
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
  });

  it('never let more concurrent guesses than the limit be checked', async () => {
    const check = vi.fn(() => sleep(1, undefined));
    const responses = await Promise.all(Array.from({ length: 50 }, () => attempts.guard(at('app'), check)));
    expect(check).toHaveBeenCalledTimes(20);
    expect(responses.filter((response) => response instanceof Throttled)).toHaveLength(30);
  });

  it('never let more than ten times as many be checked with one id each', async () => {
    const check = vi.fn(() => sleep(1, undefined));
    await Promise.all(Array.from({ length: 250 }, () => attempts.guard(anyId(), check)));
    expect(check.mock.calls.length).toBeLessThanOrEqual(200);
    expect(check.mock.calls.length).toBeGreaterThan(190);
  });

  it('do not block an honest app that sends 100 requests at once', async () => {
    const slow = async () => sleep(1, 'right');
    const asked = await Promise.all(Array.from({ length: 100 }, () => attempts.guard(at('app'), slow)));
    expect(asked).toEqual(Array(100).fill('right'));
    await fail(attempts, 20);
  });

  it('do not include a check that throws', async () => {
    const broken = () => Promise.reject(new Error('the database is unavailable'));
    for (let i = 0; i < 25; i++)
      await expect(attempts.guard(at('app'), broken)).rejects.toThrow('unavailable');
    expect(await attempts.guard(at('app'), RIGHT)).toBe('right');
  });

  it('distinguish ids that could be confused when joined with an endpoint or an address', async () => {
    await fail(attempts, 20, () => at('c', 'a:b'));
    expect(await attempts.guard(at('b:c', 'a'), RIGHT)).toBe('right');
    expect(await attempts.guard(at('b\0c', 'a'), RIGHT)).toBe('right');
  });
});

describe('failed attempts and time', () => {
  afterEach(() => vi.useRealTimers());

  it('expire after the window, and the block ends after the cooldown', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const attempts = create();
    await fail(attempts, 19);
    vi.advanceTimersByTime(60_001);
    await fail(attempts, 20);
    vi.advanceTimersByTime(599_000);
    expect(await attempts.guard(at('app'), RIGHT)).toEqual(new Throttled(1));
    vi.advanceTimersByTime(1001);
    expect(await attempts.guard(at('app'), RIGHT)).toBe('right');
    await fail(attempts, 20);
  });

  it('released after their window had ended leave no negative count', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const attempts = create({ settings: { attempts: 1 } });
    await attempts.guard(at('app'), () => {
      vi.advanceTimersByTime(60_001);
      return RIGHT();
    });
    await fail(attempts, 1);
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
  });

  it('released in Redis after their window had ended leave no negative count', async () => {
    await redis.attempted;
    const settings = { attempts: 1, windowMs: 1000 };
    const attempts = create({ settings, redis, keyPrefix: `${prefix}${++prefixes}:` });
    await attempts.guard(at('app'), () => sleep(1100, 'right'));
    await fail(attempts, 1);
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
  });
});

describe('failed attempts in bounded memory', () => {
  it('evict the least recently used entry', async () => {
    const attempts = create({ settings: { attempts: 1 }, maxKeys: 3 });
    await fail(attempts, 1, () => at('app'));
    for (const id of ['a', 'b']) await attempts.guard(at(id, '192.0.2.9'), WRONG);
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
    for (const id of ['c', 'd', 'e']) await attempts.guard(at(id, '192.0.2.9'), WRONG);
    expect(await attempts.guard(at('app'), RIGHT)).toBe('right');
  });
});

describe('failed attempts of several gates', () => {
  it('are counted once by all that share a Redis', async () => {
    await redis.attempted;
    const keyPrefix = `${prefix}${++prefixes}:`;
    const gates = [create({ redis, keyPrefix }), create({ redis, keyPrefix }), create({ redis, keyPrefix })];
    const check = vi.fn(() => sleep(1, undefined));
    const guesses = Array.from({ length: 60 }, (_, i) => gates[i % 3]!.guard(at('app'), check));
    await Promise.all(guesses);
    expect(check.mock.calls.length).toBeLessThanOrEqual(20);
    expect(check.mock.calls.length).toBeGreaterThanOrEqual(18);
    await sleep(5);
    const responses = await Promise.all(gates.map((gate) => gate.guard(at('app'), RIGHT)));
    for (const response of responses) expect((response as Throttled).retryAfterS).toBeGreaterThan(595);
  });

  it('are counted by each alone while Redis is unavailable', async () => {
    const own = await startRedis();
    const connection = connect(own.url);
    await connection.attempted;
    const attempts = create({ redis: connection, keyPrefix: 'x:' });
    await fail(attempts, 5);
    await own.kill();
    await fail(attempts, 20);
    expect(await attempts.guard(at('app'), RIGHT)).toBeInstanceOf(Throttled);
    connection.close();
    await own.close();
  });

  it('leave keys of bounded size in Redis that all expire', async () => {
    await redis.attempted;
    const keyPrefix = `${prefix}${++prefixes}:`;
    const attempts = create({ redis, keyPrefix });
    await fail(attempts, 20, () => at('x'.repeat(10_000)));
    const script = `
      local longest, endless = 0, 0
      for _, key in ipairs(redis.call('keys', ARGV[1])) do
        longest = math.max(longest, #key)
        if redis.call('ttl', key) < 0 then endless = endless + 1 end
      end
      return {longest, endless}`;
    const [longest, endless] = (await redis.runScript(script, [], [`${keyPrefix}*`])) as [number, number];
    expect(longest).toBeLessThan(keyPrefix.length + 64);
    expect(longest).toBeGreaterThan(keyPrefix.length);
    expect(endless).toBe(0);
  });
});

describe('addresses', () => {
  it('are counted by their networks', async () => {
    const attempts = create({ networkOf: (address) => address.slice(0, 9) });
    await fail(attempts, 20, () => at('app', `192.0.2.1${Math.floor(Math.random() * 10)}`));
    expect(await attempts.guard(at('app', '192.0.2.1'), RIGHT)).toBeInstanceOf(Throttled);
  });

  it('are logged with the endpoint when a block begins, without the id', async () => {
    lines.length = 0;
    await fail(create(), 20, () => at('a-secret-in-the-wrong-field'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      endpoint: 'key_secret',
      client_ip: '192.0.2.1',
      by: 'pair',
      cooldown_s: 600,
    });
    expect(lines[0]).not.toContain('a-secret');
  });

  it('get an immediate refusal for more than 1,000 waiting attempts of one id', async () => {
    const attempts = create();
    let open: (value: string) => void = () => undefined;
    const held = new Promise<string>((resolve) => (open = resolve));
    const waiting = Array.from({ length: 1001 }, () => attempts.guard(at('app'), () => held));
    expect(await attempts.guard(at('app'), RIGHT)).toEqual(new Throttled(1));
    open('right');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['right']));
  });
});

describe('the token endpoints', () => {
  let service: TestService;
  beforeEach(async () => (service = await startTokenService()));
  afterEach(() => service.close());

  const from = (address: string) => ({ 'x-test-address': address });

  it('respond to the 21st wrong secret with 429, and to a correct one from elsewhere with a token', async () => {
    const { key, secret } = await service.createApp();
    const ask = (given: string, address = '192.0.2.1') =>
      service.post('/auth/token', { key, secret: given }, from(address));
    for (let i = 0; i < 20; i++) expect((await ask('wrong')).status).toBe(401);
    for (const given of ['wrong', secret]) {
      const response = await ask(given);
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(590);
      expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    }
    expect((await ask(secret, '192.0.2.2')).status).toBe(200);
  });

  it('count unknown ids like known ones', async () => {
    const ask = (key: string) => service.post('/auth/token', { key, secret: 'wrong' });
    for (let i = 0; i < 20; i++) expect((await ask('nobody')).status).toBe(401);
    expect((await ask('nobody')).status).toBe(429);
    expect((await ask('somebody')).status).toBe(401);
  });

  it('respond to the 21st wrong password with 429, right or wrong', async () => {
    await service.addUser();
    const login = (password: string) => service.postJson('/token', { username: 'grace', password });
    for (let i = 0; i < 20; i++) expect((await login('wrong')).status).toBe(400);
    expect((await login(PASSWORD)).status).toBe(429);
  });

  it('count guessed refresh tokens and secrets by address', async () => {
    const form = { secret: 'wrong', name: 'n', description: 'd' };
    for (let i = 0; i < 100; i++) {
      const guess = { refresh_token: `guess-${i}` };
      expect((await service.postJson('/token', guess)).status).toBe(400);
      expect((await service.post('/token/create', form)).status).toBe(401);
    }
    expect((await service.postJson('/token', { refresh_token: 'guess' })).status).toBe(429);
    expect((await service.post('/token/create', form)).status).toBe(429);
    const [status, body] = await read(service.post('/token/create', form, from('192.0.2.2')));
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });
});
