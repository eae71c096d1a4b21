import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../src/model/route.js';
import type { RegistryLocation } from '../../src/model/tokens.js';
import { openRegistry } from '../../src/tokens/registry/open.js';
import type { Registry } from '../../src/tokens/registry/registry.js';
import { createRedisSource } from '../../src/revocation/redis-source.js';
import { passRealTime } from '../contract/limit-store.js';
import { SILENT } from '../redis/logs.js';
import { createDatabase } from '../support/postgres.js';
import { randomPrefix, redisUrl, removeKeys, startRedis, type OwnRedis } from '../support/redis.js';
import { createSigningKey, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { LIMITED, startReplica, UNLIMITED, type Replica, type ReplicaOptions } from './replica.js';
import { afterwards, connect, revocation } from './support.js';

let issuers: TestIssuer[];
beforeAll(async () => {
  const key = createSigningKey();
  issuers = await Promise.all([createTestIssuer({ key }), createTestIssuer({ key })]);
});
afterAll(() => Promise.all(issuers.map((issuer) => issuer.close())));

const ISSUER = 'issuer-0';
const appRevocation = (id: string) => revocation({ issuer: ISSUER, id });
const tokenOf = (app: string, claims = {}) => issuers[0]!.sign({ sub: app, ...claims });

async function startThree(options: Omit<ReplicaOptions, 'issuers'>): Promise<Replica[]> {
  return Promise.all([1, 2, 3].map(() => startReplica({ ...options, issuers })));
}

/**
 * Sends requests to all replicas continuously; returns the milliseconds until none of them admits the token.
 */
async function untilRefused(replicas: readonly Replica[], token: string, route: Route): Promise<number> {
  const start = performance.now();
  const last = await Promise.all(
    replicas.map(async (replica) => {
      let lastPassMs = 0;
      let refused = 0;
      // Goes on for a while after the first refusal: none may be admitted after it.
      while (refused < 20) {
        if (performance.now() - start > 3000) return Infinity;
        const status = await replica.ask(token, route);
        if (status === 200) {
          lastPassMs = performance.now() - start;
          refused = 0;
        } else {
          expect(status).toBe(401);
          refused += 1;
        }
        await passRealTime(1);
      }
      return lastPassMs;
    }),
  );
  return Math.max(...last);
}

async function ownRedis(): Promise<OwnRedis> {
  const redis = await startRedis();
  afterwards(() => redis.close());
  return redis;
}

async function sharedPrefix(): Promise<string> {
  const prefix = randomPrefix();
  afterwards(() => removeKeys(prefix));
  return Promise.resolve(prefix);
}

/** Opens the same registry again at each call, as each gateway does. */
type OpenRegistry = () => Promise<Registry>;

function opener(location: RegistryLocation): OpenRegistry {
  return async () => {
    const registry = await openRegistry(location, { log: SILENT });
    afterwards(() => registry.close());
    return registry;
  };
}

async function inSqlite(): Promise<OpenRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-replicas-'));
  afterwards(() => rm(folder, { recursive: true }));
  return opener({ kind: 'sqlite', path: join(folder, 'tollgate.db') });
}

async function inPostgres(): Promise<OpenRegistry> {
  const database = await createDatabase();
  afterwards(() => database.drop());
  return opener({ kind: 'postgres', url: await database.createSchema() });
}

function report(what: string, tookMs: readonly number[]): void {
  const sorted = [...tookMs].sort((a, b) => a - b);
  const [median, worst] = [sorted[sorted.length >> 1]!, sorted.at(-1)!];
  console.log(`${what}: last pass after ${median.toFixed(0)} ms (median), ${worst.toFixed(0)} ms (worst)`);
}

describe('three gateways on one Redis, without a database', () => {
  it('refuse a revoked app within a second, 20 times of 20, even if Redis loses everything in between', async () => {
    const redis = await ownRedis();
    const replicas = await startThree({ redisUrl: redis.url, prefix: 't:' });
    const tookMs: number[] = [];
    for (let round = 0; round < 20; round++) {
      const token = tokenOf(`app-${round}`);
      for (const replica of replicas) expect(await replica.ask(token)).toBe(200);
      const refused = untilRefused(replicas, token, round % 2 ? LIMITED : UNLIMITED);
      await passRealTime(10);
      expect(await replicas[round % 3]!.revocations.revoke(appRevocation(`app-${round}`))).toBe('done');
      tookMs.push(await refused);
      if (round !== 9) continue;
      await redis.kill();
      for (const replica of replicas) expect(await replica.ask(token)).toBe(401);
      await redis.restart();
      // Each reconnects by itself; then it counts there again.
      const counts = () =>
        Promise.all(replicas.map(({ revocations }) => revocations.restore(ISSUER, 'none')));
      await expect.poll(counts, { timeout: 3000 }).toEqual([false, false, false]);
    }
    report('without a database', tookMs);
    expect(Math.max(...tookMs)).toBeLessThan(1000);

    // Earlier revocations survive the restart, and a gateway that starts now knows all of them.
    const fresh = await startReplica({ issuers, redisUrl: redis.url, prefix: 't:' });
    for (let round = 0; round < 20; round++) {
      for (const replica of [...replicas, fresh])
        expect(await replica.ask(tokenOf(`app-${round}`))).toBe(401);
    }
    expect(await fresh.ask(tokenOf('another'))).toBe(200);
  });

  it('admit a restored app again, everywhere', async () => {
    const prefix = await sharedPrefix();
    const replicas = await startThree({ redisUrl: redisUrl(), prefix });
    const token = tokenOf('app-1');
    await replicas[0]!.revocations.revoke(appRevocation('app-1'));
    await untilRefused(replicas, token, LIMITED);
    expect(await replicas[1]!.revocations.restore(ISSUER, 'app-1')).toBe(true);
    const ask = () => Promise.all(replicas.map((replica) => replica.ask(token, UNLIMITED)));
    await expect.poll(ask, { timeout: 1000, interval: 10 }).toEqual([200, 200, 200]);
  });

  it('can revoke one token while the app has others', async () => {
    const prefix = await sharedPrefix();
    const replicas = await startThree({ redisUrl: redisUrl(), prefix });
    const [bad, good] = [tokenOf('app-1', { jti: 'bad' }), tokenOf('app-1', { jti: 'good' })];
    await replicas[2]!.revocations.revoke(revocation({ kind: 'token', issuer: ISSUER, id: 'bad' }));
    expect(await untilRefused(replicas, bad, LIMITED)).toBeLessThan(1000);
    for (const replica of replicas) expect(await replica.ask(good)).toBe(200);
  });

  it('distinguish equal app ids of two issuers; without an issuer both are revoked', async () => {
    const prefix = await sharedPrefix();
    const replicas = await startThree({ redisUrl: redisUrl(), prefix });
    const other = issuers[1]!.sign({ sub: 'app-1' });
    await replicas[0]!.revocations.revoke(appRevocation('app-1'));
    expect(await untilRefused(replicas, tokenOf('app-1'), LIMITED)).toBeLessThan(1000);
    for (const replica of replicas) expect(await replica.ask(other)).toBe(200);
    await replicas[0]!.revocations.revoke(revocation({ issuer: undefined, id: 'app-1' }));
    expect(await untilRefused(replicas, other, LIMITED)).toBeLessThan(1000);
  });
});

describe('the revision piggybacked on the call of the limiter', () => {
  it('causes a refusal at the very next request, without a notification or a poll', async () => {
    const prefix = await sharedPrefix();
    const operator = createRedisSource({
      connection: await connect(),
      key: `${prefix}revocations`,
      name: 'test',
    });
    const deaf = await startReplica({ issuers, redisUrl: redisUrl(), prefix, isDeaf: true });
    for (let round = 0; round < 20; round++) {
      const token = tokenOf(`app-${round}`);
      expect(await deaf.ask(token)).toBe(200);
      await operator.revoke(appRevocation(`app-${round}`));
      const burst = await Promise.all(Array.from({ length: 70 }, () => deaf.ask(token)));
      expect(new Set(burst)).toEqual(new Set([401]));
    }
  });
});

describe.each([
  ['SQLite', inSqlite],
  ['PostgreSQL', inPostgres],
])('three gateways on one Redis, with a registry in %s', (name, openIn) => {
  const deleted = (registry: Registry, app: string) => registry.deleteApp(app, Date.now(), [ISSUER]);
  const created = (registry: Registry, key: string) =>
    registry.createApp({
      key,
      secretHash: Buffer.from(key.padEnd(32)),
      name: key,
      owner: undefined,
      organization: undefined,
      scopes: [],
      createdAtMs: Date.now(),
    });

  it(
    'apply a deletion within a second: with a notification, without one, and while Redis is unavailable',
    {
      timeout: 30_000,
    },
    async () => {
      const redis = await ownRedis();
      const open = await openIn();
      const operator = await open();
      const replicas = await Promise.all(
        [1, 2, 3].map(async () =>
          startReplica({ issuers, redisUrl: redis.url, prefix: 't:', registry: await open() }),
        ),
      );
      const tookMs = { announced: [] as number[], unannounced: [] as number[], unavailable: [] as number[] };
      for (const [how, rounds] of [
        ['announced', 10],
        ['unannounced', 4],
        ['unavailable', 6],
      ] as const) {
        if (how === 'unavailable') await redis.kill();
        for (let round = 0; round < rounds; round++) {
          const app = `${how}-${round}`;
          await created(operator, app);
          const token = tokenOf(app);
          for (const replica of replicas) expect(await replica.ask(token)).toBe(200);
          const refused = untilRefused(replicas, token, round % 2 ? LIMITED : UNLIMITED);
          await deleted(operator, app);
          if (how === 'announced') await replicas[0]!.revocations.publishRevision();
          tookMs[how].push(await refused);
        }
        report(`with a registry in ${name}, ${how}`, tookMs[how]);
        expect(Math.max(...tookMs[how])).toBeLessThan(1000);
      }
      await redis.restart();
      for (const replica of replicas) replica.stop();
      const fresh = await startReplica({
        issuers,
        redisUrl: redis.url,
        prefix: 't:',
        registry: await open(),
      });
      expect(await fresh.ask(tokenOf('announced-0'))).toBe(401);
      expect(await fresh.ask(tokenOf('unavailable-5'))).toBe(401);
      expect(await fresh.ask(tokenOf('alive'))).toBe(200);
    },
  );

  it('refuse earlier tokens of a deleted user, with any clock offset', async () => {
    const prefix = await sharedPrefix();
    const registry = await (await openIn())();
    const replica = await startReplica({ issuers, redisUrl: redisUrl(), prefix, registry });
    await registry.addUser({
      name: 'ada',
      passwordHash: 'x',
      scopes: [],
      organization: undefined,
      createdAtMs: 0,
    });
    const before = tokenOf('ada');
    expect(await replica.ask(before)).toBe(200);
    // A clock that is far behind changes nothing.
    await registry.deleteUser('ada', Date.now() - 3_600_000, ISSUER);
    await replica.revocations.publishRevision();
    expect(await replica.ask(before)).toBe(401);
    expect(await replica.ask(tokenOf('ada', { iat: undefined }))).toBe(401);
  });
});
