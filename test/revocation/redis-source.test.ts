import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { RevocationRedis } from '../../src/revocation/revocation-notifier.js';
import { createRedisSource } from '../../src/revocation/redis-source.js';
import { PAGE_SCRIPT } from '../../src/revocation/redis-scripts.js';
import { describeRevocationSource, Gate, readAll } from '../contract/revocation-source.js';
import { redisUrl } from '../support/redis.js';
import { afterwards, connect, ownKey, revocation } from './support.js';

function admin(): Redis {
  const client = new Redis(redisUrl());
  afterwards(() => client.disconnect());
  return client;
}

async function open(key = ownKey()) {
  return { key, source: createRedisSource({ connection: await connect(), key, name: 'test' }) };
}

describeRevocationSource('Redis', async () => {
  const key = ownKey();
  return [(await open(key)).source, (await open(key)).source];
});

describe('revocations in Redis', () => {
  it('are read completely in pages, even if there are thousands', async () => {
    const { key, source } = await open();
    const fields = Array.from({ length: 3500 }, (_, i) => [
      `["app","project","app-${i}"]`,
      '{"revokedAtMs":1,"cause":"revoked"}',
    ]);
    await admin().hset(key, ...fields.flat());
    const { revocations } = await readAll(source);
    expect(new Set(revocations.map(({ id }) => id)).size).toBe(3500);
  });

  it.each([
    ['no array', 'app', '{"revokedAtMs":1,"cause":"revoked"}'],
    ['an unknown kind', '["user","project","x"]', '{"revokedAtMs":1,"cause":"revoked"}'],
    ['an issuer that is no name', '["app",5,"x"]', '{"revokedAtMs":1,"cause":"revoked"}'],
    ['an empty id', '["app",null,""]', '{"revokedAtMs":1,"cause":"revoked"}'],
    ['an id that is no text', '["app",null,7]', '{"revokedAtMs":1,"cause":"revoked"}'],
    ['no value', '["app",null,"x"]', 'null'],
    ['a value that is no JSON', '["app",null,"x"]', '{'],
    ['no time', '["app",null,"x"]', '{"cause":"revoked"}'],
    ['a moment that is none', '["app",null,"x"]', '{"revokedAtMs":1,"issuedBeforeMs":"1","cause":"revoked"}'],
    ['an end that is none', '["app",null,"x"]', '{"revokedAtMs":1,"endsAtMs":null,"cause":"revoked"}'],
    ['an unknown cause', '["app",null,"x"]', '{"revokedAtMs":1,"cause":"forgotten"}'],
  ])('are kept except an entry with %s, which is skipped', async (_, field, value) => {
    const { key, source } = await open();
    await source.revoke(revocation());
    await admin().hset(key, field, value);
    expect((await readAll(source)).revocations).toEqual([revocation()]);
  });

  it('have no expiry', async () => {
    const { key, source } = await open();
    await source.revoke(revocation());
    expect(await admin().ttl(key)).toBe(-1);
  });
});

it('more than a thousand new ones are read in pages, each of them once', async () => {
  const { key, source } = await open();
  const gate = new Gate((await open(key)).source);
  await source.revoke(revocation());
  await gate.read();
  const ids = Array.from({ length: 2300 }, (_, i) => `many-${i}`);
  await Promise.all(ids.map((id) => source.revoke(revocation({ id }))));
  gate.changes = 0;
  await gate.read();
  // Each with a flag that it is not a deletion.
  expect([gate.wholes, gate.known.size, gate.changes]).toEqual([1, 2301, 4600]);
});

describe('a Redis that has lost its data', () => {
  it('gets the revocations back from the gateways, even if something new was written before', async () => {
    const { key, source } = await open();
    const [one, two] = [new Gate(source), new Gate((await open(key)).source)];
    await source.revoke(revocation());
    await two.read();
    await source.revoke(revocation({ id: 'app-2' }));
    await one.read();
    await admin().del(key, `${key}:{${key}}`);
    const { source: three } = await open(key);
    await three.revoke(revocation({ id: 'new' }));
    const ids = async () => (await readAll(three)).revocations.map(({ id }) => id).sort();
    expect(await ids()).toEqual(['new']);
    // A gateway that knew fewer, then one that knew more.
    await two.read();
    expect(await ids()).toEqual(['app-1', 'new']);
    await one.read();
    expect(await ids()).toEqual(['app-1', 'app-2', 'new']);
    expect(one.ids()).toEqual(['app-1', 'app-2', 'new']);
    await two.read();
    expect(two.ids()).toEqual(['app-1', 'app-2', 'new']);
  });

  it('gets them as a new change, so that the others read it exactly as it was written', async () => {
    const { key, source } = await open();
    const gate = new Gate(source);
    await source.revoke(revocation());
    await gate.read();
    await admin().del(key, `${key}:{${key}}`);
    const { source: other } = await open(key);
    expect(await other.revision()).toBe(0);
    await gate.read();
    expect(await other.revision()).toBeGreaterThan(0);
    expect((await readAll(other)).revocations).toEqual([revocation()]);
  });

  it('gets thousands back as well', async () => {
    const { key, source } = await open();
    const client = admin();
    await source.revoke(revocation());
    const fields = Array.from({ length: 2500 }, (_, i) => [
      `["token",null,"${i}"]`,
      '{"revokedAtMs":1,"cause":"revoked"}',
    ]);
    await client.hset(key, ...fields.flat());
    const gate = new Gate(source);
    await gate.read();
    await client.del(key, `${key}:{${key}}`);
    await gate.read();
    expect((await readAll(source)).revocations).toHaveLength(2501);
    expect(gate.known.size).toBe(2501);
  });

  it('keeps a restored app restored, for a gateway that has read it', async () => {
    const { key, source } = await open();
    const gate = new Gate(source);
    await source.revoke(revocation());
    await gate.read();
    await source.restore('project', 'app-1');
    await gate.read();
    await admin().del(key, `${key}:{${key}}`);
    await gate.read();
    expect((await readAll(source)).revocations).toEqual([]);
    expect(await source.revision()).toBe(0);
  });

  it("gets a gateway's revocations from disk back only if the epoch is another one", async () => {
    const { key, source } = await open();
    await source.revoke(revocation());
    await source.revoke(revocation({ id: 'undone' }));
    const before = new Gate(source);
    await before.read();
    await source.restore('project', 'undone');
    const started = new Gate(source);
    started.position = { revision: undefined, epoch: before.position?.epoch ?? '' };
    started.known = before.known;
    await started.read();
    expect(started.ids()).toEqual(['app-1']);
    started.position = { revision: undefined, epoch: before.position?.epoch ?? '' };
    await admin().del(key, `${key}:{${key}}`);
    await started.read();
    expect((await readAll(source)).revocations).toEqual([revocation()]);
  });
});

describe('changes that are not in the sorted set', () => {
  it.each([
    ['was written by a gate of an older version', undefined],
    ['was written by such a one, and something since by a newer', revocation({ id: 'newer' })],
  ])('cause a full read if something %s', async (_, since) => {
    const { key, source } = await open();
    await source.revoke(revocation());
    const gate = new Gate(source);
    await gate.read();
    const client = admin();
    await client.hset(key, '["app",null,"old"]', '{"revokedAtMs":1,"cause":"revoked"}');
    await client.hset(key, 'revision', String(Number(await source.revision()) + 5));
    if (since) await source.revoke(since);
    await gate.read();
    expect(gate.ids()).toEqual(['app-1', ...(since ? ['newer'] : []), 'old']);
    await source.revoke(revocation({ id: 'last' }));
    const { wholes } = gate;
    await gate.read();
    expect([gate.ids().includes('last'), gate.wholes]).toEqual([true, wholes]);
  });

  it.each([undefined, revocation({ id: 'after' })])(
    'cause a full read if Redis has evicted it, whatever was written since: %s',
    async (since) => {
      const { key, source } = await open();
      await source.revoke(revocation());
      const gate = new Gate(source);
      await gate.read();
      await source.revoke(revocation({ id: 'unread' }));
      await admin().del(`${key}:{${key}}`);
      if (since) await source.revoke(since);
      await gate.read();
      expect(gate.ids()).toEqual([...(since ? ['after'] : []), 'app-1', 'unread'].sort());
    },
  );
});

describe('a Redis that is unavailable', () => {
  it('is unavailable for every query, at any failing call', async () => {
    const key = ownKey();
    const connection = await connect();
    let left = 0;
    const failing = {
      attempted: Promise.resolve(),
      runScript: (...call: Parameters<RevocationRedis['runScript']>) =>
        left-- > 0 ? connection.runScript(...call) : Promise.resolve('unavailable' as const),
    };
    const source = createRedisSource({ connection: failing, key, name: 'test' });
    expect(await source.revision()).toBe('unavailable');
    expect(await source.revoke(revocation())).toBe('unavailable');
    expect(await source.restore('project', 'app-1')).toBe('unavailable');
    const gate = new Gate(source);
    expect(await gate.read()).toBe('unavailable');
    expect(await source.list()).toBe('unavailable');
    left = 2;
    await source.revoke(revocation());
    await gate.read();
    await admin().del(key, `${key}:{${key}}`);
    // Reading changes, reading all, putting back, reading again.
    for (const calls of [1, 2, 3]) {
      left = calls;
      expect(await gate.read()).toBe('unavailable');
      await admin().del(key, `${key}:{${key}}`);
    }
    left = 4;
    await gate.read();
    expect([...gate.known.rows()]).toEqual([revocation()]);
  });

  it('delays a gateway that starts only for the first attempt to reach it', async () => {
    const key = ownKey();
    const connection = await connect();
    await createRedisSource({ connection, key, name: 'test' }).revoke(revocation());
    let reached = (): void => undefined;
    const attempted = new Promise<void>((resolve) => (reached = resolve));
    const starting: RevocationRedis & { attempted: Promise<void> } = {
      attempted,
      runScript: (...call) => connection.runScript(...call),
    };
    const gate = new Gate(createRedisSource({ connection: starting, key, name: 'test' }));
    const reading = gate.read();
    reached();
    await reading;
    expect(gate.ids()).toEqual(['app-1']);
  });
});

it('fifty thousand are read in pages of about a thousand, so that none blocks Redis for long', async () => {
  const key = ownKey();
  const client = admin();
  const value = '{"revokedAtMs":1700000000000,"cause":"revoked"}';
  for (let from = 0; from < 50_000; from += 5000) {
    const fields = Array.from({ length: 5000 }, (_, i) => [`["token","tokens","jti-${from + i}"]`, value]);
    await client.hset(key, ...fields.flat());
  }
  const sizes: number[] = [];
  const tookMs: number[] = [];
  let cursor = '0';
  do {
    const start = performance.now();
    const page = (await client.eval(PAGE_SCRIPT, 1, key, cursor, 1000)) as unknown[];
    tookMs.push(performance.now() - start);
    sizes.push((page.length - 3) / 2);
    cursor = String(page[2]);
  } while (cursor !== '0');
  tookMs.sort((a, b) => a - b);
  console.log(`a page of 1000 revocations: ${tookMs[tookMs.length >> 1]!.toFixed(2)} ms (median)`);
  expect(sizes.length).toBeGreaterThan(40);
  expect(Math.max(...sizes)).toBeLessThan(1500);
});
