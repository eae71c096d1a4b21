/** How many gateways a deletion in the console has reached: those that share a registry and a Redis. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import type { CreatedApp, DeletedApp } from '../../src/console/api/apps.js';
import { startGate, type TestGate } from '../support/gate.js';
import { startGateProcess } from '../support/gate-process.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { until } from '../support/until.js';
import { startWorkersGate } from '../support/workers-gate.js';
import { ADMINISTRATOR, openBrowser, type Browser } from './support.js';

const KEY = 'tollgate:revocations:applied';
const APP = { name: 'Shop', organization: 'Acme', scopes: ['orders:read'] };
const SLOW_MS = 60_000;

let postgres: OwnDatabase;
let file: DatabaseFile;
let redis: OwnRedis;
let client: Redis;

beforeAll(async () => {
  [postgres, file, redis] = await Promise.all([createDatabase(), createDatabaseFile(), startRedis()]);
  client = new Redis(redis.url);
  client.on('error', () => undefined);
}, SLOW_MS);
afterAll(async () => {
  client.disconnect();
  await Promise.all([postgres.drop(), file.remove(), redis.close()]);
});

const configOn = (database: string) => ({
  tokens: tokensIn(database),
  redis: { url: redis.url, key_prefix: 'tollgate:' },
  upstreams: { service: 'http://127.0.0.1:9' },
  routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }],
});

async function signInAt(gate: TestGate): Promise<Browser> {
  const browser = openBrowser(`${gate.adminUrl}/console`);
  await browser.signIn(ADMINISTRATOR);
  return browser;
}

/** Makes an app and deletes it. @returns how many gateways that has reached, and after how long */
async function deleteAt(browser: Browser): Promise<{ gateways: DeletedApp['gateways']; tookMs: number }> {
  const { app } = await browser.json<CreatedApp>('POST', 'apps', APP);
  const began = performance.now();
  const { gateways } = await browser.json<DeletedApp>('DELETE', `apps/${app.key}`);
  return { gateways, tookMs: performance.now() - began };
}

describe.each([
  ['SQLite', () => Promise.resolve(file.database)],
  ['PostgreSQL', () => postgres.createSchema()],
])('a deletion with a registry in %s', (_name, databaseOf) => {
  it(
    'reaches both of two gateways; one that is closed is not counted',
    async () => {
      const config = configOn(await databaseOf());
      const one = await startGate(config);
      const two = await startGate(config);
      const browser = await signInAt(one);
      await until(async () => (await client.hlen(KEY)) === 2);
      for (let round = 0; round < 3; round++) {
        const { gateways, tookMs } = await deleteAt(browser);
        expect(gateways).toEqual({ reached: 2, total: 2 });
        expect(tookMs).toBeLessThan(1500);
      }
      await two.stop();
      expect((await deleteAt(browser)).gateways).toEqual({ reached: 1, total: 1 });
      await one.stop();
      await until(async () => (await client.exists(KEY)) === 0);
    },
    SLOW_MS,
  );

  it(
    'has not reached a gateway that hangs, after a second; one that was silent for 30 s is not counted',
    async () => {
      const config = configOn(await databaseOf());
      const two = await startGateProcess(config);
      await until(async () => (await client.hlen(KEY)) === 1);
      const [hanging] = await client.hkeys(KEY);
      const one = await startGate(config);
      try {
        const browser = await signInAt(one);
        await until(async () => (await client.hlen(KEY)) === 2);
        expect((await deleteAt(browser)).gateways).toEqual({ reached: 2, total: 2 });
        two.stop();
        const { gateways, tookMs } = await deleteAt(browser);
        expect(gateways).toEqual({ reached: 1, total: 2 });
        expect(tookMs).toBeGreaterThan(800);
        expect(tookMs).toBeLessThan(2000);
        await client.hset(KEY, hanging!, `1 ${Date.now() - 30_001}`);
        expect((await deleteAt(browser)).gateways).toEqual({ reached: 1, total: 1 });
        expect(await client.hexists(KEY, hanging!)).toBe(0);
        two.continue();
        await until(async () => (await client.hexists(KEY, hanging!)) === 1, 5000);
        expect((await deleteAt(browser)).gateways).toEqual({ reached: 2, total: 2 });
      } finally {
        two.continue();
        await two.close();
        await one.stop();
        await client.del(KEY);
      }
    },
    SLOW_MS,
  );
});

describe('how many gateways there are', () => {
  it(
    'counts a gateway once whose workers have all applied the deletion',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tollgate-reached-'));
      const gate = await startWorkersGate({
        file: join(folder, 'gateway.yaml'),
        cwd: folder,
        config: {
          ...configOn('sqlite:tollgate.db'),
          listen: '127.0.0.1:0',
          admin: '127.0.0.1:0',
          workers: 2,
        },
      });
      const credential = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
      const browser = openBrowser(`${gate.adminUrl}/console`);
      await browser.signIn({ credential });
      await until(async () => (await client.hlen(KEY)) === 2);
      expect((await deleteAt(browser)).gateways).toEqual({ reached: 1, total: 1 });
      await gate.command.close();
      await Promise.all([client.del(KEY), rm(folder, { recursive: true })]);
    },
    SLOW_MS,
  );

  it('is written while the console is on, and not with console: false', async () => {
    const config = configOn(await postgres.createSchema());
    const gate = await startGate({ ...config, console: false });
    expect(await client.exists(KEY)).toBe(0);
    expect(await gate.reload(config)).toBe(true);
    await until(async () => (await client.hlen(KEY)) === 1);
    expect((await deleteAt(await signInAt(gate))).gateways).toEqual({ reached: 1, total: 1 });
    await gate.stop();
  });

  it('is not known while Redis is unavailable, nor with PostgreSQL alone', async () => {
    const shared = configOn(await postgres.createSchema());
    const alone = { tokens: shared.tokens, upstreams: shared.upstreams, routes: shared.routes };
    const [without, gate] = [await startGate(alone), await startGate(shared)];
    const browsers = [await signInAt(without), await signInAt(gate)];
    await redis.kill();
    try {
      for (const browser of browsers) expect((await deleteAt(browser)).gateways).toBeNull();
    } finally {
      await redis.restart();
      await Promise.all([without.stop(), gate.stop()]);
    }
  });
});
