/**
 * Redis is unavailable: each route follows its policy, requests hardly wait, and counting in Redis resumes by
 * itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { expectUnhurt, startOutageFixture, type OutageFixture } from './redis-outage.js';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let redis: OwnRedis;
let gate: TestGate;
let token: string;
let apps = 0;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  redis = await startRedis();
});

afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close(), redis.close()]);
});

function openGate(url: string, revocation_cache: string | false = false): Promise<TestGate> {
  token = issuer.sign({ scope: 'a:*', sub: `app-${++apps}` });
  return startGate({
    redis: { url, timeout: '100ms' },
    revocation_cache,
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [
      { match: 'GET /local', upstream: 'echo', scope: 'a:read', limit: '2 per 1m' },
      { match: 'GET /open', upstream: 'echo', scope: 'a:read', limit: '2 per 1m', on_failure: 'open' },
      { match: 'GET /closed', upstream: 'echo', scope: 'a:read', limit: '2 per 1m', on_failure: 'closed' },
      { match: 'GET /free', upstream: 'echo', scope: 'a:read' },
    ],
  });
}

async function get(path: string): Promise<Response> {
  const response = await fetch(gate.url + path, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response;
}

async function statuses(path: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await get(path)).status);
  return found;
}

/** Waits until the gateway counts in Redis again: then `closed` no longer responds with 503. */
async function untilCounted(): Promise<number> {
  const begun = performance.now();
  while ((await get('/closed')).status === 503) await sleep(10);
  return performance.now() - begun;
}

async function expectPolicies(): Promise<void> {
  expect(await statuses('/local', 3)).toEqual([200, 200, 429]);
  expect(await statuses('/open', 4)).toEqual([200, 200, 200, 200]);
  expect(await statuses('/closed', 2)).toEqual([503, 503]);
  expect(await statuses('/free', 2)).toEqual([200, 200]);
  const closed = await get('/closed');
  expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await get('/open')).headers.get('x-ratelimit-remaining')).toBeNull();
}

describe('a gateway', () => {
  afterEach(() => gate.stop());

  it('starts while its Redis is down, is ready if it knows the revocations, and each route follows its policy', async () => {
    const own = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-redis-away-'));
    gate = await openGate(own.url, folder);
    await gate.stop();
    await own.close();
    gate = await openGate(own.url, folder);
    expect((await fetch(`${gate.adminUrl}/readyz`)).status).toBe(200);
    await expectPolicies();
    await rm(folder, { recursive: true });
  });

  it('whose Redis is killed follows its policies, and counts there again within a second of its return', async () => {
    gate = await openGate(redis.url);
    await untilCounted();
    await redis.kill();
    // The system reports the end of the connection, at once or a moment later.
    while ((await get('/closed')).status !== 503) await sleep(5);
    await expectPolicies();
    await redis.restart();
    expect(await untilCounted()).toBeLessThan(1500);
    // The restarted Redis is empty: the local counts of the outage no longer matter.
    expect(await statuses('/local', 3)).toEqual([200, 200, 429]);
  });

  it('whose Redis stops responding delays few requests, and none longer than the timeout', async () => {
    gate = await openGate(redis.url);
    await untilCounted();
    redis.stop();
    const waits: number[] = [];
    for (let i = 0; i < 30; i++) {
      const begun = performance.now();
      expect((await get('/open')).status).toBe(200);
      waits.push(performance.now() - begun);
    }
    expect(waits.filter((wait) => wait > 90).length).toBeLessThanOrEqual(4);
    expect(Math.max(...waits)).toBeLessThan(1000);
    await expectPolicies();
    redis.continue();
    expect(await untilCounted()).toBeLessThan(1500);
    // Checks abandoned during the outage were not counted when Redis resumed.
    const response = await get('/open');
    expect(response.headers.get('x-ratelimit-remaining')).toBe('1');
  });
});

describe('three gateways under load', () => {
  let fixture: OutageFixture;
  beforeAll(async () => {
    fixture = await startOutageFixture({ url: redis.url, timeout: '100ms' });
  });
  afterAll(() => fixture.close());

  it('are not affected by a Redis that stops responding, and abandoned checks are never counted', async () => {
    await expectUnhurt(fixture, {
      app: 'stopped',
      begin: () => redis.stop(),
      end: () => redis.continue(),
      keeps: true,
    });
  });

  it('are not affected by a Redis that is killed and started again', async () => {
    await expectUnhurt(fixture, {
      app: 'killed',
      begin: () => redis.kill(),
      end: () => redis.restart(),
      keeps: false,
    });
  });
});
