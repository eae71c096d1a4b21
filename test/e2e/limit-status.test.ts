/** The endpoint `limit_status`: what a caller has left at each endpoint that its token opens. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockAfter } from '../support/docs-block.js';
import { ADMIN_TOKEN, startGate, type Config, type TestGate } from '../support/gate.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

interface Status {
  endpoints: {
    endpoint: string;
    limits: { limit: number; window: number; remaining: number; reset: number }[];
  }[];
}

const PAGE = 'docs/limits.md';
const HEADING = '## What a caller has left';
const prefix = randomPrefix();

let issuer: TestIssuer;
let partner: TestIssuer;
let upstream: EchoUpstream;

beforeAll(async () => {
  [issuer, partner] = await Promise.all([createTestIssuer(), createTestIssuer()]);
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
});
afterAll(async () => {
  await Promise.all([issuer.close(), partner.close(), upstream.close(), removeKeys(prefix)]);
});

/** A gateway with both issuers, whose routes are all forwarded to the same upstream. */
function start(config: Omit<Config, 'issuers' | 'upstreams'>): Promise<TestGate> {
  return startGate({
    issuers: {
      main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] },
      partner: { issuer: partner.iss, jwks: partner.jwksUrl, audience: AUDIENCE, grants: ['*'] },
    },
    upstreams: { orders: upstream.origin },
    ...config,
  });
}

const token = (claims: Claims, from = issuer) => bearer(from.sign(claims));

async function statusOf(gate: TestGate, headers: Record<string, string>): Promise<Status> {
  const response = await fetch(`${gate.url}/limits`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Status;
}

describe.each([
  ['memory', undefined],
  ['Redis', { url: redisUrl(), timeout: '5s', key_prefix: prefix }],
] as const)('the limits of a caller whose requests are counted in %s', (_, redis) => {
  let gate: TestGate;

  beforeAll(async () => {
    const documented = parse(blockAfter(PAGE, HEADING, 'yaml')) as Pick<Config, 'routes' | 'limit_status'>;
    gate = await start({ ...documented, ...(redis && { redis }) });
  });
  afterAll(() => gate.stop());

  const asked = (app: string) => token({ scope: 'orders:read', sub: app });
  const get = (path: string, headers: Record<string, string>) => fetch(gate.url + path, { headers });

  it('are as documented', async () => {
    for (let i = 0; i < 3; i++) await get('/orders/7', asked('one'));
    const response = await get('/limits', asked('one'));
    const [head = '', body = ''] = blockAfter(PAGE, 'after three requests').split('\n\n');
    const lines = head
      .split('\n')
      .slice(1)
      .filter((line) => !line.startsWith('X-RateLimit-Reset'));
    for (const line of lines) {
      const [name = ''] = line.split(': ');
      expect(`${name}: ${String(response.headers.get(name))}`).toBe(line);
    }
    const withoutMoments = (text: string) =>
      text.replace(/"reset":\s*\d{10}/g, '"reset":0').replace(/\s/g, '');
    expect(withoutMoments(await response.text())).toBe(withoutMoments(body));
  });

  it('are read without being counted, and agree with the header fields of the next request', async () => {
    const before = await statusOf(gate, asked('two'));
    for (let i = 0; i < 5; i++) expect(await statusOf(gate, asked('two'))).toMatchObject(stripped(before));
    const next = await get('/orders/7', asked('two'));
    expect(next.headers.get('x-ratelimit-remaining')).toBe('9');
    const [, orders] = (await statusOf(gate, asked('two'))).endpoints;
    expect(orders!.limits[0]).toMatchObject({ remaining: 9 });
    expect(String(orders!.limits[0]!.reset)).toBe(next.headers.get('x-ratelimit-reset'));
  });

  it('can be asked for 60 times a minute by each app, and then are 429', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 61 }, async () => (await get('/limits', asked('three'))).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    const refused = await get('/limits', asked('three'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await get('/limits', asked('four'))).status).toBe(200);
    expect((await get('/orders/7', asked('three'))).status).toBe(200);
  });
});

function stripped({ endpoints }: Status): object {
  return {
    endpoints: endpoints.map(({ endpoint, limits }) => ({
      endpoint,
      limits: limits.map(({ limit, window, remaining }) => ({ limit, window, remaining })),
    })),
  };
}

describe('the endpoint', () => {
  let gate: TestGate;

  beforeAll(async () => {
    gate = await start({
      limit_status: '/limits',
      cors: { origins: ['https://app.example'] },
      routes: [{ match: '* /{path**}', upstream: 'orders', scope: 'orders:read', limit: '10 per 1m' }],
    });
  });
  afterAll(() => gate.stop());

  it('needs a valid token, of any issuer and whatever its scopes', async () => {
    const open = (headers: Record<string, string>) => fetch(`${gate.url}/limits`, { headers });
    expect((await open({})).status).toBe(401);
    expect((await open(token({ exp: 1 }))).status).toBe(401);
    for (const from of [issuer, partner])
      expect(await statusOf(gate, token({ scope: 'none' }, from))).toEqual({ endpoints: [] });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'responds to %s with 405 and Allow, before any route',
    async (method) => {
      const response = await fetch(`${gate.url}/limits`, { method, headers: token({ scope: 'orders:*' }) });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    },
  );

  it('responds to a HEAD with the header of the GET and no body', async () => {
    const headers = token({ scope: 'orders:*' });
    const head = await fetch(`${gate.url}/limits`, { method: 'HEAD', headers });
    const body = await (await fetch(`${gate.url}/limits`, { headers })).text();
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(body.length));
    expect(head.headers.get('cache-control')).toBe('no-store');
  });

  it("follows the file's CORS, preflights included", async () => {
    const origin = 'https://app.example';
    const preflight = await fetch(`${gate.url}/limits`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    const response = await fetch(`${gate.url}/limits`, { headers: { origin, ...token({ scope: 'a' }) } });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('is recorded under its name, with the caller', async () => {
    await statusOf(gate, token({ scope: 'a', sub: 'recorded' }));
    expect(gate.records.at(-1)).toMatchObject({
      route: { label: 'limit_status' },
      principal: { app: 'recorded' },
      status: 200,
    });
  });

  it.each([
    ['GET', {}, 'refuse', 401],
    ['GET', { assumed: { scopes: [] } }, 'respond', 200],
    ['POST', { assumed: { scopes: [] } }, 'refuse', 405],
  ])('is explained as it responds: %s with %j', async (method, caller, verdict, status) => {
    const response = await fetch(`${gate.adminUrl}/api/explain`, {
      method: 'POST',
      headers: { ...bearer(ADMIN_TOKEN), 'content-type': 'application/json' },
      body: JSON.stringify({ method, target: '/limits', host: 'a', ...caller }),
    });
    expect(await response.json()).toMatchObject({ verdict, status, route: null });
  });

  it('is of one path only: others belong to the routes', async () => {
    for (const path of ['/limits/', '/Limits', '/limits/x'])
      expect(await (await fetch(gate.url + path, { headers: token({ scope: 'orders:*' }) })).text()).toBe(
        'ok',
      );
  });
});

describe('where Redis is unavailable', () => {
  it.each([
    ['local', 200],
    ['open', 503],
    ['closed', 503],
  ] as const)('`on_failure: %s` makes it %i', async (on_failure, status) => {
    const own = await startRedis();
    const gate = await start({
      redis: { url: own.url, timeout: '200ms', on_failure },
      limit_status: '/limits',
      routes: [{ match: 'GET /a', upstream: 'orders', scope: 'none', limit: '10 per 1m' }],
    });
    await own.close();
    await fetch(`${gate.url}/a`, { headers: token({}) });
    const response = await fetch(`${gate.url}/limits`, { headers: token({}) });
    expect(response.status).toBe(status);
    if (status === 200)
      expect(await response.json()).toMatchObject({ endpoints: [{ limits: [{ remaining: 9 }] }] });
    else expect(response.headers.get('retry-after')).toBe('1');
    await gate.stop();
  });
});

interface Rule {
  readonly scope: unknown;
  readonly issuer: string | string[] | undefined;
  readonly require: readonly object[] | undefined;
  readonly limit: unknown;
}

/** The route of a rule; without a scope it is public. */
function routeOf({ scope, issuer: accepted, require, limit }: Rule, index: number): Config['routes'][number] {
  const access = scope === undefined ? { public: true } : { scope, issuer: accepted, require };
  const written = Object.entries({ ...access, limit }).filter(([, value]) => value !== undefined);
  const route = { match: `GET /r${index}`, upstream: 'orders', ...Object.fromEntries(written) };
  return route;
}

it('never lists an endpoint that the gateway would refuse with 401 or 403, and lists all others', async () => {
  const scopes = ['a:read', 'a:*', 'b:read', 'none-of-them'];
  const rule = fc.record({
    scope: fc.constantFrom<unknown>(
      'a:read',
      ['a:read', 'b:read'],
      { any: ['a:read', 'b:read'] },
      'none',
      undefined,
    ),
    issuer: fc.constantFrom<string | string[] | undefined>(undefined, 'main', ['main', 'partner']),
    require: fc.constantFrom(undefined, [{ claim: 'tier', is: 'gold' }]),
    limit: fc.constantFrom('none', '1000 per 1m', { requests: 1000, window: '1m', by: 'ip' }),
  });
  const caller = fc.record({
    from: fc.constantFrom('main', 'partner'),
    granted: fc.subarray(scopes),
    tier: fc.constantFrom(undefined, 'gold', 'tin'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 6 }),
      caller,
      async (rules, { from, granted, tier }) => {
        const gate = await start({
          limit_status: '/limits',
          routes: rules.map(routeOf),
        });
        try {
          const headers = token({ scope: granted.join(' '), tier }, from === 'main' ? issuer : partner);
          const listed = (await statusOf(gate, headers)).endpoints.map(({ endpoint }) => endpoint);
          const open: string[] = [];
          for (const i of rules.keys())
            if ((await fetch(`${gate.url}/r${i}`, { headers })).status === 200) open.push(`GET /r${i}`);
          expect(listed).toEqual(open);
        } finally {
          await gate.stop();
        }
      },
    ),
    { numRuns: 12 },
  );
}, 60_000);
