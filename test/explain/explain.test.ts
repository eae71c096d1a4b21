import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation, ExplainRequest } from '../../src/model/explanation.js';
import { testIssuer } from '../../src/testing/test-issuer.js';
import { exchangeRaw } from '../support/raw.js';
import { until } from '../support/until.js';
import { startExplainedGate, type ExplainedGate } from './explained-gate.js';

const main = testIssuer({ issuer: 'https://main.test', audience: 'api', alg: 'ES256' });
const other = testIssuer({ issuer: 'https://other.test', audience: 'api', alg: 'ES256' });

let upstream: ReturnType<typeof createServer>;
let gate: ExplainedGate;
let requested = 0;

beforeAll(async () => {
  upstream = createServer((_req, res) => {
    requested += 1;
    res.end('ok');
  }).listen(0, '127.0.0.1');
  await until(() => upstream.listening);
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  gate = await startExplainedGate({
    issuers: {
      main: { ...main.config, grants: ['orders:*'], require: [{ claim: 'use', is: 'api' }] },
      other: { ...other.config, grants: ['*'], token_from: [{ header: 'X-Token' }] },
    },
    upstreams: {
      orders: {
        targets: [origin, 'http://127.0.0.1:9'],
        headers: { set: { 'X-Api-Key': 'k-1234567', 'X-Mail': '{claims.email}' } },
      },
    },
    routes: [
      {
        match: 'GET /orders/{id}',
        upstream: 'orders',
        scope: 'orders:read',
        issuer: 'main',
        require: [{ claim: 'org', is: '{id}' }],
        limit: { requests: 2, window: '1h', name: 'hourly' },
        rewrite: '/v1/{id}',
      },
      {
        match: '* /orders/{path**}',
        upstream: 'orders',
        scope: { any: ['orders:read', 'orders:write'] },
        limit: 'none',
      },
      { match: 'GET /other', upstream: 'orders', scope: 'none', issuer: 'other', limit: 'none' },
      {
        match: 'GET /tried',
        upstream: 'orders',
        scope: 'orders:read',
        shadow: true,
        issuer: 'main',
        limit: 'none',
      },
      { host: 'a.test', match: 'GET /open', upstream: 'orders', public: true, limit: 'none' },
      { host: '*.test', match: 'GET /open', upstream: 'orders', public: true, limit: 'none' },
    ],
  });
});

afterAll(async () => {
  await gate.stop();
  upstream.closeAllConnections();
  upstream.close();
});

function explain(
  method: string,
  target: string,
  changes: Partial<ExplainRequest> = {},
): Promise<Explanation> {
  return gate
    .current()
    .explain({ method, target, host: 'gate.test', headers: [], peer: '127.0.0.1', ...changes });
}

const claims = (more: object = {}): Record<string, unknown> => ({
  scope: 'orders:read',
  use: 'api',
  org: '7',
  ...more,
});

function checkOf(step: { readonly checks: Explanation['request']['checks'] } | null, name: string) {
  return step?.checks.find((check) => check.name === name);
}

describe('The token', () => {
  it('passes every check in the order in which the gateway runs them', async () => {
    const { token, verdict } = await explain('GET', '/orders/7', {
      token: main.sign(claims({ sub: 'app-1' })),
    });
    expect(verdict).toBe('forward');
    expect(token?.checks.map(({ name, result }) => [name, result])).toEqual(
      [
        ...[
          'form',
          'issuer',
          'type',
          'algorithm',
          'key',
          'signature',
          'times',
          'audience',
          'required claims',
        ],
        ...['key confirmation', 'app'],
      ]
        .map((name) => [name, 'passed'])
        .concat([['revocation', 'skipped']]),
    );
    expect(token).toMatchObject({ issuer: 'main', app: 'app-1', alg: 'ES256', place: 'authorization' });
  });

  it.each([
    ['expired', () => main.sign(claims(), { expiresIn: -120 }), 'times', 'expired'],
    ['forged', () => main.forge(claims()), 'signature', 'wrong'],
    ['for another audience', () => main.sign(claims({ aud: 'elsewhere' })), 'audience', 'elsewhere'],
    [
      'of an issuer that the route does not accept',
      () => other.sign(claims()),
      'issuer',
      'https://other.test',
    ],
    ['without a required claim', () => main.sign(claims({ use: 'web' })), 'required claims', 'use'],
    ['of an unknown key', () => main.sign(claims(), { header: { kid: 'k-9' } }), 'key', 'k-9'],
    [
      'bound to a certificate',
      () => main.sign(claims({ cnf: { 'x5t#S256': 'abc' } })),
      'key confirmation',
      'bound',
    ],
  ])('that is %s fails at one check, which says why', async (_what, sign, name, text) => {
    const { status, token, access, remedy } = await explain('GET', '/orders/7', { token: sign() });
    expect(status).toBe(401);
    expect(token?.checks.filter(({ result }) => result === 'failed').map((check) => check.name)).toEqual([
      name,
    ]);
    expect(checkOf(token, name)?.text).toContain(text);
    expect(access).toBeNull();
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it('is nowhere in the explanation, and neither are its signature and the values of other claims', async () => {
    const token = main.sign(claims({ secret: 'value-of-a-claim', email: 'a@b.test' }));
    const headers = ['Cookie', 'session=value-of-a-cookie'];
    const text = JSON.stringify(await explain('GET', '/orders/7', { token, headers }));
    for (const part of token.split('.')) expect(text).not.toContain(part);
    for (const value of ['value-of-a-claim', 'value-of-a-cookie', 'k-1234567'])
      expect(text).not.toContain(value);
    expect(text).toContain('a@b.test');
  });

  it('is put into the field in which the issuer of the route expects it', async () => {
    const { verdict, token, upstream: sent } = await explain('GET', '/other', { token: other.sign() });
    expect(verdict).toBe('forward');
    expect(token?.place).toBe('header x-token');
    expect(sent?.headers.map(([name]) => name.toLowerCase())).not.toContain('x-token');
  });
});

describe('An assumed caller', () => {
  it('passes every check but those that need a token', async () => {
    const assumed = { scopes: ['orders:read'], app: 'app-1', claims: { org: '7' } };
    const { verdict, token } = await explain('GET', '/orders/7', { assumed });
    expect(verdict).toBe('forward');
    expect(checkOf(token, 'signature')).toEqual({ name: 'signature', result: 'skipped', text: 'assumed' });
    expect(token).toMatchObject({ assumed: true, issuer: 'main', app: 'app-1', kid: null });
  });

  it('has no scope that its issuer may not grant, and the remedy says so', async () => {
    const { status, token, remedy } = await explain('POST', '/orders/7', { assumed: { scopes: ['admin'] } });
    expect(status).toBe(403);
    expect(token?.not_granted).toEqual(['admin']);
    expect(remedy).toBe('The token needs the scope orders:read or orders:write.');
  });

  it('is refused where its claims are those of an expired token', async () => {
    const { token } = await explain('GET', '/orders/7', { assumed: { scopes: [], claims: { exp: 1 } } });
    expect(checkOf(token, 'times')?.text).toContain('1970-01-01T00:00:01Z');
  });
});

describe('The route', () => {
  it('comes before the others by a rule that is named', async () => {
    const assumed = { scopes: ['orders:read'], claims: { org: '7' } };
    const { match } = await explain('GET', '/orders/7', { assumed });
    expect(match?.others.map((other) => [other.match, other.because])).toEqual([
      ['* /orders/{path**}', 'segment 2: a parameter comes before an optional rest'],
    ]);
    const open = await explain('GET', '/open', { host: 'a.test' });
    expect(open.match?.others[0]?.because).toBe('the host a.test comes before the wildcard *.test');
  });

  it.each([
    ['GET', '/ordres/7', 404, 'The nearest route is'],
    ['POST', '/other', 405, 'Use GET or HEAD'],
    ['GET', '/OTHER', 404, 'The nearest route is GET /other'],
    ['GET', '/orders/a%2fb', 400, 'Set allow_encoded_slash'],
    ['GET', '/orders/a;b', 400, 'Set allow_semicolon'],
    ['get', '/orders/7', 501, 'in upper case'],
  ])('of %s %s is missing: %i, and the remedy says what to do', async (method, target, status, remedy) => {
    const explanation = await explain(method, target);
    expect(explanation).toMatchObject({ verdict: 'refuse', status, route: null });
    expect(explanation.remedy).toContain(remedy);
  });

  it('is compared with the normal form of the path, which is shown', async () => {
    const { request } = await explain('GET', '/%6frders/7?a=%20');
    expect(request).toMatchObject({ path: '/orders/7', normalized: ['/%6frders/7 is read as /orders/7'] });
  });
});

describe('Access and limits', () => {
  it('show each scope and condition, also where one of them is missing already', async () => {
    const { status, access } = await explain('GET', '/orders/7', {
      token: main.sign(claims({ scope: 'orders:x', org: '8' })),
    });
    expect(status).toBe(403);
    expect(access?.checks).toEqual([
      { name: 'scope orders:read', result: 'failed', text: 'the token does not have it' },
      { name: 'claim org', result: 'failed', text: 'must be "7", the path\'s id: the token has "8"' },
    ]);
  });

  it('show the counts of real requests, which explanations do not change', async () => {
    const token = main.sign(claims({ sub: 'counted' }));
    const ask = (): Promise<Explanation> => explain('GET', '/orders/7', { token });
    const send = (): Promise<string> =>
      exchangeRaw(
        gate.port,
        `GET /orders/7 HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      );
    for (let count = 0; count < 2; count += 1) {
      expect((await ask()).limits?.limits[0]).toMatchObject({ name: 'hourly', count, remaining: 2 - count });
      expect((await ask()).status).toBe(200);
      await send();
    }
    const { status, detail, remedy, limits } = await ask();
    expect(status).toBe(429);
    expect(detail).toBe('Rate limit exceeded: at most 2 requests per 1h for each app (hourly)');
    expect(remedy).toContain(new Date(limits!.limits[0]!.reset! * 1000).toISOString().slice(0, 19));
    expect(await send()).toContain(`"message":"${detail}"`);
  });

  it('show the rules in shadow apart: they do not refuse', async () => {
    const { verdict, shadow } = await explain('GET', '/tried', { assumed: { scopes: [] } });
    expect(verdict).toBe('forward');
    expect(shadow).toMatchObject({ status: 403, reason: 'insufficient_scope' });
  });
});

it('A WebSocket handshake takes the same steps; one with a body is 400, and so is a body that is too large: 413', async () => {
  const handshake = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Version', '13'];
  const open = await explain('GET', '/open', { host: 'a.test', headers: handshake });
  expect(open).toMatchObject({ verdict: 'forward', route: 'GET /open' });
  const withBody = { host: 'a.test', headers: [...handshake, 'Content-Length', '3'] };
  expect((await explain('GET', '/open', withBody)).status).toBe(400);
  const large = await explain('POST', '/orders/7', {
    assumed: { scopes: ['orders:write'] },
    headers: ['Content-Length', '900000000'],
  });
  expect(large).toMatchObject({
    status: 413,
    reason: 'body_too_large',
    remedy: expect.stringContaining('max_body') as unknown,
  });
});

it('Forwards nothing: no upstream gets a request, and round robin stays where it is', async () => {
  const before = requested;
  const token = main.sign(claims({ sub: 'rotation' }));
  const seen: (string | undefined)[] = [];
  for (let i = 0; i < 4; i += 1) {
    const { upstream: shown } = await explain('GET', '/orders/7', { token });
    seen.push(shown?.headers.find(([name]) => name === 'Host')?.[1]);
    expect(shown).toMatchObject({ path: '/v1/7', targets: [{ available: true }, { available: true }] });
  }
  expect(new Set(seen).size).toBe(1);
  expect(requested).toBe(before);
});
