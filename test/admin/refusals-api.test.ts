/** The recent refusals at the admin port: the list, and the decision of one, over a running gateway. */
import { request as send } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExplainedRefusal, ListedRefusal } from '../../src/telemetry/refusal-json.js';
import { ADMIN_TOKEN, startGate, type TestGate } from '../support/gate.js';
import { administer, bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

let upstream: EchoUpstream;
let issuer: TestIssuer;
let gate: TestGate;

beforeAll(async () => {
  [upstream, issuer] = await Promise.all([startEchoUpstream(), createTestIssuer()]);
  gate = await startGate({
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    upstreams: { service: upstream.origin, down: 'http://127.0.0.1:9' },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read' },
      { match: 'GET /counted', upstream: 'service', scope: 'orders:read', limit: '1 per 5m' },
      { match: 'GET /tried', upstream: 'service', scope: 'orders:write', shadow: true },
      { match: 'GET /down', upstream: 'down', public: true },
    ],
  });
});

afterAll(async () => {
  await gate.stop();
  await Promise.all([upstream.close(), issuer.close()]);
});

const tokenOf = (app: string, scope: string): string => issuer.sign({ sub: app, scope });
const ask = (path: string): Promise<Response> => administer(gate, 'GET', path);

/** The id of the response, once the exchange is recorded. */
async function refused(path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${gate.url}${path}`, { headers });
  await response.text();
  const id = response.headers.get('x-request-id')!;
  await until(() => gate.records.some(({ head }) => head.id === id));
  return id;
}

async function list(query = ''): Promise<readonly ListedRefusal[]> {
  const response = await ask(`/api/refusals${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { refusals: ListedRefusal[] }).refusals;
}

async function find(id: string): Promise<ExplainedRefusal> {
  const response = await ask(`/api/refusals/${encodeURIComponent(id)}`);
  expect(response.status).toBe(200);
  return (await response.json()) as ExplainedRefusal;
}

describe('the list', () => {
  it('has what a rule in shadow would have refused apart', async () => {
    const id = await refused('/tried', bearer(tokenOf('shadow-1', 'orders:read')));
    const response = await ask('/api/refusals?app=shadow-1');
    expect(await response.json()).toMatchObject({
      refusals: [],
      shadow: [
        {
          request_id: id,
          status: 200,
          app: 'shadow-1',
          path: '/tried',
          reason: 'insufficient_scope',
          shadow: true,
        },
      ],
    });
  });

  it('has the refusals, the newest first, and nothing of admitted requests', async () => {
    const first = await refused('/orders?key=secret', bearer(tokenOf('list-1', 'other')));
    await refused('/orders', bearer(tokenOf('list-1', 'orders:read')));
    const second = await refused('/nowhere');
    expect((await list()).slice(0, 2)).toEqual([
      {
        request_id: second,
        client_request_id: null,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        method: 'GET',
        host: new URL(gate.url).host,
        path: '/nowhere',
        client_ip: '127.0.0.1',
        route: null,
        endpoint: null,
        issuer: null,
        app: null,
        status: 404,
        reason: 'no_route',
        detail: null,
        shadow: false,
      },
      expect.objectContaining({
        request_id: first,
        path: '/orders',
        route: 'GET /orders',
        issuer: 'main',
        app: 'list-1',
        status: 403,
      }),
    ]);
    expect(await list('?limit=1')).toHaveLength(1);
    expect((await list('?app=list-1')).map(({ request_id }) => request_id)).toEqual([first]);
    expect(await list(`?app=list-1&route=${encodeURIComponent('GET /counted')}`)).toEqual([]);
  });

  it.each([
    ['?limit=0', '"limit" must be 1 to 1000'],
    ['?limit=1001', '"limit" must be 1 to 1000'],
    ['?limit=1e2', '"limit" must be 1 to 1000'],
    ['?limit=-1', '"limit" must be 1 to 1000'],
    ['?limit=', '"limit" must be 1 to 1000'],
    ['?app=a&app=b', '"app" must be given once'],
    ['?since=1', 'unknown parameter "since"'],
    ['?__proto__=1', 'unknown parameter "__proto__"'],
  ])('of %s is 400', async (query, message) => {
    const response = await ask(`/api/refusals${query}`);
    expect([response.status, await response.json()]).toEqual([400, { errors: [{ code: 400, message }] }]);
  });
});

describe('the decision of a refusal', () => {
  it('is found by the id of the response, for each status', async () => {
    const token = bearer(tokenOf('find-1', 'orders:read'));
    await refused('/counted', token);
    const cases = [
      [await refused('/orders'), 401, 'no_token', 'GET /orders'],
      [await refused('/orders', bearer('wrong')), 401, 'invalid_token', 'GET /orders'],
      [
        await refused('/orders', bearer(tokenOf('find-1', 'other'))),
        403,
        'insufficient_scope',
        'GET /orders',
      ],
      [await refused('/counted', token), 429, 'rate_limited', 'GET /counted'],
      [await refused('/nowhere'), 404, 'no_route', null],
      [await refused('/down'), 502, 'upstream_unreachable', 'GET /down'],
    ] as const;
    for (const [id, status, reason, route] of cases) {
      const found = await find(id);
      expect(found).toMatchObject({ verdict: 'refuse', status, reason, route, refusal: { request_id: id } });
    }
  });

  it('is found by the id that the client sent, the newest of several', async () => {
    const headers = { 'x-request-id': 'of-the-client' };
    await refused('/nowhere/1', headers);
    const id = await refused('/nowhere/2', headers);
    expect((await find('of-the-client')).refusal).toMatchObject({
      request_id: id,
      client_request_id: 'of-the-client',
      path: '/nowhere/2',
    });
  });

  it('of what cannot be parsed has the id of its response, and what is known', async () => {
    const socket = connect(gate.port, '127.0.0.1');
    socket.end('GET /a b c HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const [, id = ''] = /^x-request-id: (\S+)/im.exec(text) ?? [];
    expect(await find(id)).toMatchObject({
      status: 400,
      reason: 'malformed_request',
      route: null,
      refusal: { method: null, path: null, client_ip: '127.0.0.1' },
    });
  });

  it.each([
    ['an unknown id', 'unknown'],
    ['an id with the characters of a path', '../apps'],
    ['an id with a NUL and a line break', 'a\u0000\r\nb'],
    ['a long id', 'x'.repeat(4000)],
    ['an inherited name', '__proto__'],
  ])('is 404 for %s', async (_what, id) => {
    const response = await ask(`/api/refusals/${encodeURIComponent(id)}`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { errors: [{ code: 404, message: 'No such refusal is kept' }] },
    ]);
  });

  it('is 400 for an id that is not percent-encoded correctly', async () => {
    const response = await ask('/api/refusals/%zz');
    expect([response.status, await response.json()]).toEqual([
      400,
      { errors: [{ code: 400, message: 'the path is malformed' }] },
    ]);
  });

  it('has no secret: no token, no query and no header field', async () => {
    const secret = tokenOf('canary', 'other');
    const headers = { ...bearer(secret), cookie: `session=${secret}`, 'x-secret': secret };
    const id = await refused(`/orders/${secret}?key=${secret}`, headers);
    const texts = [JSON.stringify(await find(id)), JSON.stringify(await list())];
    for (const text of texts) for (const part of secret.split('.')) expect(text).not.toContain(part);
    expect((await find(id)).refusal.path).toBe('/orders/[token]');
  });
});

describe('both', () => {
  it.each(['/api/refusals', '/api/refusals/x'])('need the credential: %s', async (path) => {
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${ADMIN_TOKEN}`]) {
      const response = await fetch(`${gate.adminUrl}${path}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(response.status).toBe(401);
    }
  });

  it('are refused to a name that was rebound to this machine', async () => {
    const headers = { host: 'attacker.example', authorization: `Bearer ${ADMIN_TOKEN}` };
    const status = await new Promise((resolve, reject) => {
      send(`${gate.adminUrl}/api/refusals`, { headers }, (response) => {
        resolve(response.resume().statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('are not at the public port', async () => {
    const response = await fetch(`${gate.url}/api/refusals`, { headers: bearer(ADMIN_TOKEN) });
    expect(response.status).toBe(404);
  });
});
