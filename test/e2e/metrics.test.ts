/** The metrics of a running gateway, as Prometheus reads them: docs/metrics.md. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { parseExposition, seriesCount, valueOf, type Family } from '../support/exposition.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import { randomPrefix, startRedis, type OwnRedis } from '../support/redis.js';
import {
  administer,
  bearer,
  createDatabaseFile,
  issueToken,
  makeApp,
  makeNamed,
  tokensIn,
  type DatabaseFile,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { echo, startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let sockets: WebSocketServer;
let redis: OwnRedis;
let store: DatabaseFile;
let gate: TestGate;

beforeAll(async () => {
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  [issuer, upstream, redis, store] = await Promise.all([
    createTestIssuer(),
    startEchoUpstream((req, res) => {
      if (req.url === '/orders/slow') slow.requests += 1;
      else echo(req, res);
    }),
    startRedis(),
    createDatabaseFile(),
    once(sockets, 'listening'),
  ]);
  gate = await startGate(configOf());
});
afterAll(async () => {
  await gate.stop();
  sockets.close();
  await Promise.all([issuer.close(), upstream.close(), redis.close(), store.remove()]);
});

const prefix = randomPrefix();
/** What came for a path that is not responded to. */
const slow = { requests: 0 };

function configOf(more: Partial<Config> = {}): Config {
  return {
    redis: { url: redis.url, key_prefix: prefix, timeout: '2s' },
    issuers: {
      main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['orders:read', 'x'] },
    },
    tokens: tokensIn(store.database),
    limit_status: '/limits',
    max_in_flight: 50,
    upstreams: {
      echo: upstream.origin,
      gone: 'http://127.0.0.1:9',
      sockets: `http://127.0.0.1:${(sockets.address() as AddressInfo).port}`,
    },
    routes: [
      {
        match: 'GET /orders/{id}',
        upstream: 'echo',
        scope: 'orders:read',
        issuer: ['main', 'tokens'],
        limit: 'none',
      },
      {
        match: 'GET /limited',
        upstream: 'echo',
        public: true,
        limit: { requests: 2, window: '5m', by: 'ip' },
      },
      { match: 'GET /gone', upstream: 'gone', public: true, limit: 'none' },
      { match: 'GET /socket', upstream: 'sockets', public: true, limit: 'none' },
      { match: '* /any', host: 'api.test', upstream: 'echo', public: true, limit: 'none' },
    ],
    ...more,
  };
}

async function scrape(from = gate): Promise<ReadonlyMap<string, Family>> {
  const response = await fetch(`${from.adminUrl}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(await response.text());
}

/** Sends a request, and waits until it is counted. */
async function ask(path: string, init: RequestInit = {}): Promise<number> {
  const before = gate.records.length;
  const response = await fetch(gate.url + path, init);
  await response.text();
  await until(() => gate.records.length > before);
  return response.status;
}

const signed = (claims: object = {}) =>
  bearer(issuer.sign({ sub: 'caller-of-main', scope: 'orders:read', ...claims }));
const ORDERS = 'GET /orders/{id}';

/** How much series have grown since an earlier scrape. */
function growthSince(before: ReadonlyMap<string, Family>, after: ReadonlyMap<string, Family>) {
  return (name: string, labels: Record<string, string> = {}): number =>
    (valueOf(after, `tollgate_${name}`, labels) ?? 0) - (valueOf(before, `tollgate_${name}`, labels) ?? 0);
}

describe('The metrics of a gateway', () => {
  it('count requests, refusals and durations by route', async () => {
    const before = await scrape();
    expect(await ask('/orders/1', { headers: signed() })).toBe(200);
    expect(await ask('/orders/2', { method: 'HEAD', headers: signed() })).toBe(200);
    expect(await ask('/orders/3')).toBe(401);
    expect(await ask('/orders/3', { headers: signed({ scope: 'x' }) })).toBe(403);
    expect(await ask('/gone')).toBe(502);
    expect(await ask('/nowhere')).toBe(404);
    openRaw(gate.port, 'GET / HTTP/1.1\r\nbroken\r\n\r\n');
    await until(() => gate.records.some(({ status }) => status === 400));
    const after = await scrape();
    const growth = growthSince(before, after);
    expect(growth('requests_total', { route: ORDERS, method: 'GET', status: '2xx' })).toBe(1);
    expect(growth('requests_total', { route: ORDERS, method: 'HEAD', status: '2xx' })).toBe(1);
    expect(growth('requests_total', { route: ORDERS, method: 'GET', status: '4xx' })).toBe(2);
    expect(growth('requests_total', { route: 'GET /gone', method: 'GET', status: '5xx' })).toBe(1);
    expect(growth('requests_total', { route: 'none', method: 'GET', status: '4xx' })).toBe(1);
    expect(growth('refusals_total', { route: ORDERS, reason: 'no_token' })).toBe(1);
    expect(growth('refusals_total', { route: ORDERS, reason: 'insufficient_scope' })).toBe(1);
    expect(growth('refusals_total', { route: 'GET /gone', reason: 'upstream_unreachable' })).toBe(1);
    expect(growth('refusals_total', { route: 'none', reason: 'no_route' })).toBe(1);
    expect(growth('refusals_total', { route: 'none', reason: 'malformed_request' })).toBe(1);
    expect(growth('request_duration_seconds_count', { route: ORDERS })).toBe(4);
    expect(growth('upstream_duration_seconds_count', { upstream: 'echo' })).toBe(2);
    expect(growth('token_cache_misses_total')).toBeGreaterThanOrEqual(2);
  });

  it('count a WebSocket when it ends, without its length', async () => {
    const before = await scrape();
    const client = new WebSocket(`${gate.url.replace('http', 'ws')}/socket`);
    await once(client, 'open');
    const during = growthSince(before, await scrape());
    const labels = { route: 'GET /socket', method: 'GET', status: '1xx' };
    expect(during('requests_total', labels)).toBe(0);
    const recorded = gate.records.length;
    client.close();
    await until(() => gate.records.length > recorded);
    const after = growthSince(before, await scrape());
    expect(after('requests_total', labels)).toBe(1);
    expect(after('request_duration_seconds_count', { route: 'GET /socket' })).toBe(0);
    expect(after('upstream_duration_seconds_count', { upstream: 'sockets' })).toBe(1);
  });

  it('count checks of limits, calls to Redis, cached tokens and readings of keys', async () => {
    const before = await scrape();
    expect([await ask('/limited'), await ask('/limited'), await ask('/limited')]).toEqual([200, 200, 429]);
    const headers = signed({ jti: 'the same token' });
    await ask('/orders/1', { headers });
    await ask('/orders/1', { headers });
    const after = await scrape();
    const growth = growthSince(before, after);
    expect(growth('limit_checks_total', { result: 'admitted' })).toBe(2);
    expect(growth('limit_checks_total', { result: 'refused' })).toBe(1);
    expect(growth('redis_duration_seconds_count')).toBeGreaterThanOrEqual(2);
    expect(growth('token_cache_hits_total')).toBe(1);
    expect(growth('token_cache_misses_total')).toBe(1);
    expect(valueOf(after, 'tollgate_jwks_fetches_total', { issuer: 'main', result: 'success' })).toBe(1);
    expect(valueOf(after, 'tollgate_jwks_age_seconds', { issuer: 'main' })).toBeLessThan(60);
    // The gateway's own keys are read from nowhere.
    expect(valueOf(after, 'tollgate_jwks_age_seconds', { issuer: 'tokens' })).toBeUndefined();
  });

  it('count tokens issued, wrong credentials and revocations of the token service', async () => {
    const before = await scrape();
    const app = await makeApp(gate, { name: 'a', owner: 'o', scopes: ['orders:read', 'files_api'] });
    await issueToken(gate, app);
    await makeNamed(gate, { secret: app.secret, name: 'n', description: 'd', permission: 'files_api' });
    expect(await ask(`/auth/token?key=${app.key}&secret=wrong`, { method: 'POST' })).toBe(401);
    expect((await administer(gate, 'POST', '/api/revocations', { app: app.key })).status).toBe(201);
    await until(async () => valueOf(await scrape(), 'tollgate_revocations') === 1);
    const after = await scrape();
    const growth = growthSince(before, after);
    expect(growth('tokens_issued_total', { endpoint: 'key_secret' })).toBe(1);
    expect(growth('tokens_issued_total', { endpoint: 'named' })).toBe(1);
    expect(growth('failed_attempts_total', { endpoint: 'key_secret' })).toBe(1);
    expect(growth('refusals_total', { route: 'key_secret', reason: 'invalid_client' })).toBe(1);
    expect(valueOf(before, 'tollgate_tokens_issued_total', { endpoint: 'password' })).toBe(0);
    expect(valueOf(before, 'tollgate_failed_attempts_total', { endpoint: 'introspect' })).toBe(0);
  });

  it('do not change by a question of explain', async () => {
    await ask('/limited');
    const before = await scrape();
    const token = issuer.sign({ sub: 'explained', scope: 'orders:read' });
    for (const target of ['/orders/1', '/limited', '/nowhere']) {
      const response = await administer(gate, 'POST', '/api/explain', { method: 'GET', target, token });
      expect(response.status).toBe(200);
    }
    const growth = growthSince(before, await scrape());
    for (const result of ['admitted', 'refused', 'uncounted', 'unavailable'])
      expect(growth('limit_checks_total', { result })).toBe(0);
    expect(growth('token_cache_misses_total') + growth('token_cache_hits_total')).toBe(0);
    expect(growth('refusals_total', { route: 'none', reason: 'no_route' })).toBe(0);
    expect(growth('requests_total', { route: ORDERS, method: 'GET', status: '2xx' })).toBe(0);
  });

  it('have no app id, except where the file says so', async () => {
    await ask('/orders/1', { headers: signed() });
    const text = async () => (await fetch(`${gate.adminUrl}/metrics`)).text();
    expect(await text()).not.toContain('caller-of-main');
    expect(await gate.reload(configOf({ metrics: { by_app: true } }))).toBe(true);
    await ask('/orders/1', { headers: signed() });
    const labels = { issuer: 'main', app: 'caller-of-main', status: '2xx' };
    expect(valueOf(await scrape(), 'tollgate_app_requests_total', labels)).toBe(1);
    expect(await gate.reload(configOf())).toBe(true);
    expect(await text()).not.toContain('caller-of-main');
  });

  it('have no series that a client can add: random paths, methods and hosts', async () => {
    const send = async (from: number): Promise<void> => {
      for (let batch = 0; batch < 10; batch++)
        await Promise.all(
          Array.from({ length: 20 }, (_, at) => {
            const n = `${from}-${batch}-${at}`;
            const host = at % 2 ? `h${n}.test` : 'api.test';
            const method = ['GET', 'PROPFIND', 'POST', 'PURGE', 'REPORT'][at % 5]!;
            const target = at % 3 ? `/any` : `/${n}`;
            const client = openRaw(
              gate.port,
              `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
            );
            return client.ended;
          }),
        );
    };
    await send(1);
    const before = await scrape();
    await send(2);
    const after = await scrape();
    expect(seriesCount(after)).toBe(seriesCount(before));
    const methods = after
      .get('tollgate_requests_total')!
      .samples.map(({ labels }) => labels)
      .filter(({ route }) => route === 'api.test * /any');
    expect(new Set(methods.map(({ method }) => method))).toEqual(new Set(['GET', 'POST', 'other']));
  });

  it('are those of docs/metrics.md: names, labels and types', async () => {
    expect(await gate.reload(configOf({ metrics: { by_app: true } }))).toBe(true);
    await ask('/orders/1', { headers: signed() });
    await leaveEarly();
    const rows = readFileSync('docs/metrics.md', 'utf8').matchAll(
      /^\| `(tollgate_\w+)(?:\{([\w,]*)\})?` \| (\w+) \| (sum|min|max) \| /gm,
    );
    const documented = [...rows].map(([, name, labels = '', type]) => [
      name,
      type,
      labels.split(',').sort().join(),
    ]);
    const exposed = [...(await scrape()).values()]
      .filter(({ name }) => name.startsWith('tollgate_'))
      .map(({ name, type, samples }) => {
        const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
        labels.delete('le');
        return [name, type, [...labels].sort().join()];
      });
    // Only the primary of several workers has this one: test/e2e/workers.test.ts.
    exposed.push(['tollgate_workers_ended_total', 'counter', '']);
    // No rule of the file is in shadow: test/e2e/shadow.test.ts has that metric.
    const shadow = documented.find(([name]) => name === 'tollgate_shadow_refusals_total');
    expect(shadow).toEqual(['tollgate_shadow_refusals_total', 'counter', 'reason,route']);
    const found = exposed.map((row) => (row[0] === shadow![0] ? shadow : row));
    expect(documented.sort()).toEqual(found.sort());
  });

  it('show an outage of Redis, and who decided meanwhile', async () => {
    const before = await scrape();
    expect(valueOf(before, 'tollgate_redis_up')).toBe(1);
    await redis.kill();
    await until(async () => valueOf(await scrape(), 'tollgate_redis_up') === 0);
    await ask('/limited');
    const growth = growthSince(before, await scrape());
    expect(growth('redis_fallbacks_total')).toBeGreaterThanOrEqual(1);
    expect(growth('limit_checks_total', { result: 'admitted' })).toBeGreaterThanOrEqual(1);
  });

  async function leaveEarly(): Promise<void> {
    const recorded = gate.records.length;
    const controller = new AbortController();
    const response = fetch(`${gate.url}/orders/slow`, { headers: signed(), signal: controller.signal });
    await until(() => slow.requests > 0);
    controller.abort();
    await response.catch(() => undefined);
    await until(() => gate.records.slice(recorded).some(({ reason }) => reason === 'client_gone'));
  }
});
