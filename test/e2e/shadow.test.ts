/** Rules in shadow, through a running gateway: whom they would refuse is let through and recorded. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { randomPrefix, redisUrl, removeKeys, startRedis } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let gate: TestGate;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([createTestIssuer(), startEchoUpstream()]);
});
afterEach(() => gate.stop());
afterAll(() => Promise.all([issuer.close(), upstream.close()]));

function configOf(route: object, more: Partial<Config> = {}): Config {
  return {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /a/{org}', upstream: 'echo', ...route }] as Config['routes'],
    ...more,
  };
}

interface Sent {
  readonly claims?: Claims;
  readonly token?: string | undefined;
  readonly path?: string;
}

async function ask({ claims = {}, path = '/a/acme', ...sent }: Sent = {}): Promise<Response> {
  const token = 'token' in sent ? sent.token : issuer.sign({ scope: 'a:read', ...claims });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(gate.url + path, { headers });
  await response.text();
  return response;
}

/** Statuses and recorded reasons of requests that are sent one after another. */
async function askAll(count: number, sent?: Sent): Promise<[status: number, shadow: string | undefined][]> {
  const found: [number, string | undefined][] = [];
  for (let i = 0; i < count; i++) {
    const before = gate.records.length;
    const { status } = await ask(sent);
    await until(() => gate.records.length > before);
    found.push([status, gate.records.at(-1)?.shadow?.reason]);
  }
  return found;
}

const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);
const LET_THROUGH: [number, undefined] = [200, undefined];
const LIMITED: [number, string] = [200, 'rate_limited'];

async function metrics(): Promise<string[]> {
  const text = await (await fetch(`${gate.adminUrl}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('tollgate_shadow_refusals_total'));
}

const SHADOWED = { requests: 3, window: '1m', shadow: true };
const counted = (reason: string, count: number, route = 'GET /a/{org}') =>
  `tollgate_shadow_refusals_total{route="${route}",reason="${reason}"} ${count}`;

describe.each([['in memory'], ['in Redis']])('A limit in shadow, counted %s,', (where) => {
  const prefix = randomPrefix();
  const store = where === 'in Redis' ? { redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s' } } : {};

  afterEach(() => removeKeys(prefix));

  it('lets through what it would refuse, records it and sends no limit headers', async () => {
    gate = await startGate(
      configOf({ scope: 'a:read', limit: SHADOWED }, { limit_headers: 'draft', ...store }),
    );
    expect(await askAll(10)).toEqual([...times(3, LET_THROUGH), ...times(7, LIMITED)]);
    const names = [...(await ask()).headers.keys()];
    expect(names.filter((name) => name.includes('ratelimit') || name === 'retry-after')).toEqual([]);
    expect(await metrics()).toEqual([counted('rate_limited', 8)]);
  });

  it('counts apart from a limit in force, which still refuses and is the one that headers show', async () => {
    gate = await startGate(configOf({ scope: 'a:read', limit: ['5 per 1m', SHADOWED] }, store));
    const refused: [number, undefined] = [429, undefined];
    expect(await askAll(8)).toEqual([...times(3, LET_THROUGH), ...times(2, LIMITED), ...times(3, refused)]);
    expect((await ask()).headers.get('x-ratelimit-limit')).toBe('5');
    // Another app is counted by itself.
    const response = await ask({ claims: { sub: 'app-2' } });
    expect(response.headers.get('x-ratelimit-remaining')).toBe('4');
    expect(await metrics()).toEqual([counted('rate_limited', 2)]);
  });

  it('does not count what a scope in shadow would refuse', async () => {
    gate = await startGate(configOf({ scope: 'a:read', shadow: true, limit: SHADOWED }, store));
    const unscoped = await askAll(5, { claims: { scope: 'b' } });
    expect(unscoped).toEqual(times(5, [200, 'insufficient_scope']));
    expect(await askAll(4)).toEqual([...times(3, LET_THROUGH), LIMITED]);
    expect(await metrics()).toEqual([counted('insufficient_scope', 5), counted('rate_limited', 1)]);
  });

  it('begins a new count when a reload puts it in force', async () => {
    gate = await startGate(configOf({ scope: 'a:read', limit: SHADOWED }, store));
    expect(await askAll(4)).toEqual([...times(3, LET_THROUGH), LIMITED]);
    expect(
      await gate.reload(configOf({ scope: 'a:read', limit: { ...SHADOWED, shadow: false } }, store)),
    ).toBe(true);
    expect(await askAll(4)).toEqual([...times(3, LET_THROUGH), [429, undefined]]);
    expect(await metrics()).toEqual([]);
  });
});

it('A limit in shadow on a public route counts by address', async () => {
  gate = await startGate(configOf({ public: true, limit: SHADOWED }));
  expect(await askAll(5, { token: undefined })).toEqual([...times(3, LET_THROUGH), ...times(2, LIMITED)]);
});

it.each(['local', 'open', 'closed'] as const)(
  'A limit in shadow records nothing while Redis is unavailable, with on_failure: %s',
  async (onFailure) => {
    const redis = await startRedis();
    const store = { redis: { url: redis.url, on_failure: onFailure } };
    gate = await startGate(configOf({ scope: 'a:read', limit: SHADOWED }, store));
    try {
      expect(await askAll(1)).toEqual([LET_THROUGH]);
      redis.stop();
      expect(await askAll(4)).toEqual(times(4, LET_THROUGH));
    } finally {
      redis.continue();
      await redis.close();
    }
  },
);

it('A limit in shadow that is known to be exhausted is recorded while Redis is unavailable too', async () => {
  const redis = await startRedis();
  gate = await startGate(
    configOf({ scope: 'a:read', limit: SHADOWED }, { redis: { url: redis.url, timeout: '5s' } }),
  );
  try {
    expect(await askAll(4)).toEqual([...times(3, LET_THROUGH), LIMITED]);
    redis.stop();
    expect(await askAll(2)).toEqual(times(2, LIMITED));
  } finally {
    redis.continue();
    await redis.close();
  }
});

describe('A scope in shadow', () => {
  it('lets through a valid token without it, and records what it lacks', async () => {
    gate = await startGate(configOf({ scope: 'a:read', shadow: true }));
    expect(await askAll(1)).toEqual([LET_THROUGH]);
    expect(await askAll(1, { claims: { scope: 'b' } })).toEqual([[200, 'insufficient_scope']]);
    expect(gate.records.at(-1)?.principal).toMatchObject({ app: 'app-1', scopes: ['b'] });
  });

  it('still refuses a request without a token, with an expired one or with one of another issuer', async () => {
    gate = await startGate(configOf({ scope: 'a:read', shadow: true }));
    const before = upstream.count();
    const forged = issuer.sign({ iss: 'https://other.test' });
    for (const token of [undefined, 'x.y.z', issuer.sign({ exp: 1 }), forged])
      expect(await askAll(1, { token })).toEqual([[401, undefined]]);
    expect(upstream.count()).toBe(before);
  });

  it('is enforced from a reload on that no longer has shadow', async () => {
    gate = await startGate(configOf({ scope: 'a:read', shadow: true }));
    const sent = { claims: { scope: 'b' } };
    expect(await askAll(1, sent)).toEqual([[200, 'insufficient_scope']]);
    expect(await gate.reload(configOf({ scope: 'a:read' }))).toBe(true);
    expect(await askAll(1, sent)).toEqual([[403, undefined]]);
  });

  it('leaves conditions and limits in force, and is recorded only for what these let through', async () => {
    const require = [{ claim: 'org', is: '{org}' }];
    gate = await startGate(configOf({ scope: 'a:read', shadow: true, require, limit: '1 per 1m' }));
    const sent = { claims: { scope: 'b', org: 'acme' } };
    expect(await askAll(1, { claims: { scope: 'b' } })).toEqual([[403, undefined]]);
    expect(await askAll(2, sent)).toEqual([
      [200, 'insufficient_scope'],
      [429, undefined],
    ]);
  });
});

it('A condition in shadow lets through and records, and one in force beside it refuses', async () => {
  const require = [
    { claim: 'org', is: '{org}', shadow: true },
    { claim: 'tier', is: 'gold' },
  ];
  gate = await startGate(configOf({ scope: 'a:read', require }));
  const statusOf = async (claims: Claims) => (await askAll(1, { claims }))[0];
  expect(await statusOf({ org: 'acme', tier: 'gold' })).toEqual(LET_THROUGH);
  expect(await statusOf({ org: 'other', tier: 'gold' })).toEqual([200, 'insufficient_claims']);
  expect(await statusOf({ org: 'other' })).toEqual([403, undefined]);
  expect(await metrics()).toEqual([counted('insufficient_claims', 1)]);
});

it('A request that shadow let through and that then fails at the upstream is recorded with both reasons', async () => {
  gate = await startGate(
    configOf({ scope: 'a:read', shadow: true }, { upstreams: { echo: 'http://127.0.0.1:9' } }),
  );
  expect(await askAll(1, { claims: { scope: 'b' } })).toEqual([[502, 'insufficient_scope']]);
  expect(gate.records[0]).toMatchObject({ reason: 'upstream_unreachable' });
});

it('A WebSocket that a scope in shadow let through is recorded when it ends', async () => {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  const upstreams = { echo: `http://127.0.0.1:${port}` };
  gate = await startGate(configOf({ scope: 'a:read', shadow: true }, { upstreams }));
  try {
    const headers = { authorization: `Bearer ${issuer.sign({ scope: 'b' })}` };
    const socket = new WebSocket(`${gate.url.replace('http', 'ws')}/a/acme`, { headers });
    await once(socket, 'open');
    expect(gate.records).toEqual([]);
    socket.close();
    await until(() => gate.records.length > 0);
    expect(gate.records).toMatchObject([{ status: 101, shadow: { reason: 'insufficient_scope' } }]);
  } finally {
    sockets.close();
  }
});
