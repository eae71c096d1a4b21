/** Several workers: a session of one is a session of the other, until it is signed out at either. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditTrail } from '../../src/console/api/administration.js';
import type { Session } from '../../src/console/api/session.js';
import type { RouteTable } from '../../src/console/api/routes.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { until } from '../support/until.js';
import { startWorkersGate, type WorkersGate } from '../support/workers-gate.js';
import { openBrowser, type Browser } from './support.js';

const REQUESTS = 16;
const SLOW_MS = 60_000;
const prefix = randomPrefix();
let folder: string;
let file: string;
let gate: WorkersGate;
let browser: Browser;
let credential: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-console-'));
  file = join(folder, 'gateway.yaml');
  gate = await startWorkersGate({
    file,
    cwd: folder,
    config: {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      workers: 2,
      redis: { url: redisUrl(), key_prefix: prefix },
      upstreams: { service: 'http://127.0.0.1:9' },
      drain_timeout: '2s',
      routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
    },
  });
  credential = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
  browser = openBrowser(`${gate.adminUrl}/console`);
}, SLOW_MS);
afterAll(async () => {
  await gate.command.close();
  await Promise.all([removeKeys(prefix), rm(folder, { recursive: true })]);
});

/** Over connections of their own, so that both workers respond. */
async function statuses(): Promise<ReadonlySet<number>> {
  const all = await Promise.all(
    Array.from({ length: REQUESTS }, () => browser.ask('GET', 'session', undefined, { connection: 'close' })),
  );
  return new Set(all.map(({ status }) => status));
}

it(
  'Both workers accept a session of either, and list the changes of both',
  async () => {
    await browser.signIn({ credential });
    expect(await statuses()).toEqual(new Set([200]));
    for (let at = 0; at < 6; at++) await openBrowser(browser.base).signIn({ credential });
    const { entries } = await browser.json<AuditTrail>('GET', 'audit');
    expect(entries.map(({ action, by }) => [action, by])).toEqual(
      Array.from({ length: 7 }, () => ['signed_in', 'Administrator']),
    );
  },
  SLOW_MS,
);

it(
  'A session that was signed out at one worker is refused by both within a second',
  async () => {
    await browser.signIn({ credential });
    const { cookie } = browser;
    await browser.ask('DELETE', 'session', undefined, { connection: 'close' });
    browser.cookie = cookie;
    await until(async () => {
      const seen = await statuses();
      return seen.size === 1 && seen.has(401);
    }, 1500);
    expect(await statuses()).toEqual(new Set([401]));
  },
  SLOW_MS,
);

it(
  'Any worker shows why the last reload failed, on the page of the routes and in the top line',
  async () => {
    await browser.signIn({ credential });
    await writeFile(file, 'routes: 7\n');
    gate.command.signal('SIGHUP');
    const reload = async () => (await browser.json<RouteTable>('GET', 'routes')).reload;
    await until(async () => (await reload())?.ok === false, 5000);
    expect((await reload())?.errors).toContain(`${file}:1:9: "routes" must be a list of routes`);
    // The first worker alone has tried the file.
    const sessions = await Promise.all(
      Array.from({ length: REQUESTS }, async () => {
        const response = await browser.ask('GET', 'session', undefined, { connection: 'close' });
        return ((await response.json()) as Session).gateway.problems.map(({ text }) => text);
      }),
    );
    for (const problems of sessions) {
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^The last reload failed: \S+: missing key "upstreams"$/);
    }
  },
  SLOW_MS,
);
