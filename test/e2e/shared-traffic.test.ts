/** The traffic of two gateways with one Redis, and of the workers of one gateway, as the console of either shows it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Traffic } from '../../src/console/api/traffic.js';
import { openBrowser, ADMINISTRATOR, type Browser } from '../console/support.js';
import { startGate, type TestGate } from '../support/gate.js';
import { randomPrefix, startRedis, type OwnRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { get, startWorkersGate, type WorkersGate } from '../support/workers-gate.js';

const SLOW_MS = 90_000;
/** Ten seconds until a bucket is over, and some more on a busy machine. */
const BUCKET_MS = 25_000;
const routes = [{ match: 'GET /orders', upstream: 'service', public: true }];
const upstreams = { service: 'http://127.0.0.1:9' };

const refusedAt = (route: string, { endpoints }: Traffic): number =>
  endpoints.find((one) => one.route === route)?.requests ?? 0;
const traffic = (browser: Browser): Promise<Traffic> => browser.json<Traffic>('GET', 'traffic');

describe('two gateways that share a Redis', () => {
  let redis: OwnRedis;
  let gates: TestGate[];
  let browsers: Browser[];

  beforeAll(async () => {
    redis = await startRedis();
    const config = { redis: { url: redis.url, key_prefix: randomPrefix() }, upstreams, routes };
    gates = await Promise.all([startGate(config), startGate(config)]);
    browsers = await Promise.all(
      gates.map(async ({ adminUrl }) => {
        const browser = openBrowser(`${adminUrl}/console`);
        await browser.signIn(ADMINISTRATOR);
        return browser;
      }),
    );
  }, SLOW_MS);
  afterAll(async () => {
    await Promise.all(gates.map((gate) => gate.stop()));
    await redis.close();
  });

  it(
    'are added up by both, and each shows its own alone while Redis is unavailable',
    async () => {
      const [one, two] = browsers as [Browser, Browser];
      for (const [at, gate] of gates.entries())
        for (let count = 0; count <= at; count++) await fetch(`${gate.url}/nowhere`);
      for (const browser of browsers)
        await until(async () => refusedAt('none', await traffic(browser)) === 3, BUCKET_MS);
      expect((await traffic(one)).gateways).toBe(2);
      await redis.kill();
      expect(await until(async () => (await traffic(two)).gateways === 1)).toBeLessThan(5000);
      expect(refusedAt('none', await traffic(one))).toBe(1);
      expect(refusedAt('none', await traffic(two))).toBe(2);
    },
    SLOW_MS,
  );
});

describe('the workers of a gateway', () => {
  let folder: string;
  let redis: OwnRedis;
  let gate: WorkersGate;
  let browser: Browser;

  beforeAll(async () => {
    [folder, redis] = await Promise.all([mkdtemp(join(tmpdir(), 'tollgate-traffic-')), startRedis()]);
    gate = await startWorkersGate({
      file: join(folder, 'gateway.yaml'),
      cwd: folder,
      config: {
        listen: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        workers: 2,
        redis: { url: redis.url },
        upstreams,
        routes,
        drain_timeout: '2s',
      },
    });
    const credential = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
    browser = openBrowser(`${gate.adminUrl}/console`);
    await browser.signIn({ credential });
  }, SLOW_MS);
  afterAll(async () => {
    await gate.command.close();
    await Promise.all([redis.close(), rm(folder, { recursive: true })]);
  });

  it(
    'are added up once, as one gateway, also when their numbers are in Redis',
    async () => {
      await Promise.all(Array.from({ length: 24 }, () => get(gate.port, '/nowhere')));
      const workers = (await gate.untilLines('request', 24)).map(({ worker }) => worker);
      expect(new Set(workers)).toEqual(new Set([1, 2]));
      const first = await traffic(browser);
      expect([refusedAt('none', first), first.gateways]).toEqual([24, 1]);
      // By then the bucket is over, and written by both workers.
      await until(() => Date.now() / 1000 > first.times.at(-1)! + 12, BUCKET_MS);
      for (let at = 0; at < 6; at++) {
        const later = await traffic(browser);
        expect([refusedAt('none', later), later.gateways]).toEqual([24, 1]);
      }
    },
    SLOW_MS,
  );
});
