/** Keys in Redis: one for each app and route, small, and expiring with the window. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createSigningKey, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const APPS = [
  'one',
  'two',
  'a client id that is as long as anybody has ever seen one, and then some more of it',
];

let issuer: TestIssuer;
let upstream: EchoUpstream;
let redis: OwnRedis;
let client: Redis;
let gate: TestGate;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  redis = await startRedis();
  client = new Redis(redis.url);
  const route = { upstream: 'echo', scope: 'a:read' };
  gate = await startGate({
    redis: { url: redis.url, timeout: '5s', on_failure: 'closed' },
    // It writes the traffic to Redis.
    console: false,
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [
      { ...route, match: 'GET /things/{id}', limit: '10 per 2m' },
      { ...route, match: 'GET /exact', limit: '256 per 2m' },
      { ...route, match: 'GET /many', limit: '100000 per 1h' },
      { match: 'GET /public', upstream: 'echo', public: true, limit: '10 per 2m' },
    ],
  });
});

afterAll(async () => {
  client.disconnect();
  await gate.stop();
  await Promise.all([issuer.close(), upstream.close(), redis.close()]);
});

async function get(path: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(gate.url + path, { headers });
  await response.arrayBuffer();
  return response.status;
}

const asking = (app: string) => bearer(issuer.sign({ scope: 'a:*', sub: app }));

it('No forged input creates a key, and every key is small and expires', async () => {
  const stranger = createSigningKey();
  for (let i = 0; i < 40; i++) {
    const made = `x${i}`;
    await Promise.all([
      ...APPS.map((app) => get(`/things/${made}?q=${made}`, { ...asking(app), 'x-app-id': made })),
      get(`/things/${made}`, bearer(issuer.sign({ scope: 'a:*', sub: made }, {}, stranger))),
      get(`/things/${made}`, bearer(issuer.sign({ scope: 'a:*', sub: made }, { kid: made }))),
      get(`/things/${made}`, bearer(issuer.sign({ scope: 'b:*', sub: made }))),
      get('/public', { 'x-forwarded-for': `192.0.2.${i}` }),
      get(`/none/${made}`, {}),
    ]);
  }
  const ofThings = await client.keys('*');
  // Each app at one route, and one address at the public one.
  expect(ofThings).toHaveLength(APPS.length + 1);
  for (const key of ofThings) {
    expect(key).toMatch(/^tollgate:\{[ai][:#][^{}]*\}:[\w-]+$/);
    expect(await client.memory('USAGE', key)).toBeLessThanOrEqual(300);
    expect(await client.pttl(key)).toBeGreaterThan(0);
    expect(await client.pttl(key)).toBeLessThanOrEqual(120_000);
  }

  const one = asking('one');
  let admitted = 0;
  for (let i = 0; i < 300; i += 20) {
    const crowd = Array.from({ length: 20 }, () => Promise.all([get('/exact', one), get('/many', one)]));
    for (const [exact] of await Promise.all(crowd)) if (exact === 200) admitted += 1;
  }
  expect(admitted).toBe(256);
  const others = (await client.keys('*')).filter((key) => !ofThings.includes(key));
  expect(others).toHaveLength(2);
  for (const key of others) {
    expect(await client.memory('USAGE', key)).toBeLessThanOrEqual(4096);
    expect(await client.pttl(key)).toBeGreaterThan(0);
  }
});
