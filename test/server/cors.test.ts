/** The CORS protocol at the gateway, as a browser uses it (Fetch standard, 3.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const PAGE = 'https://app.example';
const PARTNER = 'https://partner.example:8443';
const STRANGER = 'https://evil.example';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let gate: TestGate;

beforeAll(async () => {
  issuer = await createTestIssuer();
  // An upstream with its own CORS middleware, which allows every origin.
  upstream = await startEchoUpstream((_req, res) => {
    res.writeHead(200, {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers': 'X-Of-Upstream',
      Vary: 'Accept-Encoding',
    });
    res.end('page');
  });
  gate = await startGate({
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    cors: { origins: [PAGE], headers: ['Authorization', 'X-Custom'], max_age: '1h' },
    routes: [
      { match: 'GET,PUT /files/{id}', upstream: 'echo', scope: 'storage:read', limit: '1 per 1m' },
      {
        match: 'GET /partner',
        upstream: 'echo',
        public: true,
        limit: 'none',
        cors: { origins: [PARTNER] },
      },
      {
        match: 'GET,PUT /account',
        upstream: 'echo',
        public: true,
        limit: 'none',
        cors: { origins: [PARTNER, 'https://*.app.example'], credentials: true },
      },
      { match: 'GET /everybody', upstream: 'echo', public: true, limit: 'none', cors: { origins: ['*'] } },
    ],
  });
});

afterAll(async () => {
  await gate.stop();
  await Promise.all([issuer.close(), upstream.close()]);
});

function preflight(path: string, origin: string, method = 'PUT') {
  return fetch(gate.url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization',
    },
  });
}

function get(path: string, origin: string | undefined, token?: string, method = 'GET') {
  return fetch(gate.url + path, {
    method,
    headers: {
      ...(origin === undefined ? {} : { origin }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
}

function permissions({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );
}

describe('a preflight', () => {
  it('of an allowed origin is handled by the gateway, without a token and without the upstream', async () => {
    const before = upstream.count();
    const response = await preflight('/files/7', PAGE);
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(permissions(response)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'Authorization, X-Custom',
      'access-control-max-age': '3600',
      'access-control-expose-headers': expect.stringContaining('X-RateLimit-Remaining') as string,
      vary: 'Origin',
    });
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(upstream.count()).toBe(before);
  });

  it('of an unknown origin gets no permission, and is not forwarded either', async () => {
    const before = upstream.count();
    const response = await preflight('/files/7', STRANGER);
    expect(response.status).toBe(204);
    expect(permissions(response)).toEqual({ vary: 'Origin' });
    expect(upstream.count()).toBe(before);
  });

  it('is decided by the rules of the requested route, which replace those of the file', async () => {
    expect(permissions(await preflight('/partner', PARTNER, 'GET'))).toMatchObject({
      'access-control-allow-origin': PARTNER,
      'access-control-max-age': '600',
    });
    expect(permissions(await preflight('/partner', PAGE, 'GET'))).toEqual({ vary: 'Origin' });
    expect(permissions(await preflight('/everybody', STRANGER, 'GET'))).toMatchObject({
      'access-control-allow-origin': '*',
    });
  });

  it('is logged as an exchange', async () => {
    await preflight('/files/7', PAGE);
    expect(gate.records.at(-1)).toMatchObject({ status: 204, reason: undefined, principal: undefined });
    expect(gate.records.at(-1)?.route?.match).toBe('GET,PUT /files/{id}');
  });

  it('without an Origin is an ordinary OPTIONS', async () => {
    const response = await fetch(`${gate.url}/files/7`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'PUT' },
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT']);
  });

  it('with an ambiguous target is refused before anything else', async () => {
    expect((await preflight('/files/%2e%2e%2fx', PAGE)).status).toBe(400);
  });
});

describe('a response to a page', () => {
  it('lets the page read it, and the limit headers too, without repeating the permissions of the upstream', async () => {
    const token = issuer.sign({ scope: 'storage:read', sub: 'app-answer' });
    const response = await get('/files/7', PAGE, token);
    expect(response.status).toBe(200);
    const found = permissions(response);
    expect(found['access-control-allow-origin']).toBe(PAGE);
    expect(found).not.toHaveProperty('access-control-allow-credentials');
    const exposed = found['access-control-expose-headers']!.split(', ');
    expect(exposed).toEqual(
      expect.arrayContaining([
        'X-RateLimit-Limit',
        'X-RateLimit-Remaining',
        'X-RateLimit-Reset',
        'Retry-After',
        'X-Request-Id',
      ]),
    );
    expect(exposed).not.toContain('X-Of-Upstream');
  });

  it('has the Vary values of the upstream and of the gateway', async () => {
    const token = issuer.sign({ scope: 'storage:read', sub: 'app-vary' });
    const response = await get('/files/7', PAGE, token);
    expect(response.headers.get('vary')?.split(', ').sort()).toEqual(['Accept-Encoding', 'Origin']);
  });

  it('of an unknown origin has no permission, even if the upstream gives it', async () => {
    const token = issuer.sign({ scope: 'storage:read', sub: 'app-stranger' });
    const response = await get('/files/7', STRANGER, token);
    expect(response.status).toBe(200);
    expect(Object.keys(permissions(response))).toEqual(['vary']);
  });

  it('can be read by the page if it is a refusal of any kind', async () => {
    const token = issuer.sign({ scope: 'storage:read', sub: 'app-refused' });
    await get('/files/7', PAGE, token);
    const refusals = [
      await get('/files/7', PAGE),
      await get('/files/7', PAGE, issuer.sign({ scope: 'other' })),
      await get('/files/7', PAGE, token),
      await get('/nowhere', PAGE, token),
      await get('/files/7', PAGE, token, 'DELETE'),
      await get('/files//7', PAGE, token),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([401, 403, 429, 404, 405, 400]);
    for (const refusal of refusals) {
      expect(refusal.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(refusal.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
      expect(refusal.headers.get('vary')).toMatch(/^Origin(?:, Accept)?$/);
    }
  });

  it('compares origins as browsers write them: ignoring only the case of the host', async () => {
    expect(permissions(await get('/partner', PARTNER.toUpperCase()))).toHaveProperty(
      'access-control-allow-origin',
    );
    for (const origin of [
      'https://partner.example',
      'http://partner.example:8443',
      'https://sub.partner.example:8443',
      'null',
    ]) {
      expect(permissions(await get('/partner', origin))).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('that every origin may read is the same for every origin', async () => {
    for (const origin of [STRANGER, undefined]) {
      const found = permissions(await get('/everybody', origin));
      expect(found).toMatchObject({ 'access-control-allow-origin': '*', vary: 'Accept-Encoding' });
      expect(found).not.toHaveProperty('access-control-allow-credentials');
    }
  });
});

describe('with credentials', () => {
  it('a preflight of a subdomain gets its own origin, and methods and fields by their names', async () => {
    for (const page of ['https://a.app.example', 'https://b.a.app.example', PARTNER]) {
      expect(permissions(await preflight('/account', page))).toEqual({
        'access-control-allow-origin': page,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'Authorization, Content-Type',
        'access-control-max-age': '600',
        'access-control-expose-headers': expect.stringContaining('Retry-After') as string,
        vary: 'Origin',
      });
    }
  });

  it('an answer names the origin and allows credentials; a method without a route has the rules of the file', async () => {
    for (const [path, method, status] of [
      ['/account', 'GET', 200],
      ['/account', 'DELETE', 405],
    ] as const) {
      const response = await get(path, 'https://a.app.example', undefined, method);
      expect(response.status).toBe(status);
      const isRouted = status === 200;
      const found = permissions(response);
      expect(found['access-control-allow-origin']).toBe(isRouted ? 'https://a.app.example' : undefined);
      expect(found['access-control-allow-credentials']).toBe(isRouted ? 'true' : undefined);
      expect(found['vary']?.split(', ')).toContain('Origin');
    }
  });

  it('without an origin, or of a stranger, nothing is allowed', async () => {
    for (const origin of [undefined, STRANGER, 'https://app.example']) {
      const found = permissions(await get('/account', origin));
      expect(Object.keys(found)).toEqual(['vary']);
      expect(found['vary']).toContain('Origin');
    }
  });
});

describe('without a cors section', () => {
  it('an OPTIONS with the fields of a preflight is an ordinary request and needs a token', async () => {
    const plain = await startGate({
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      upstreams: { echo: upstream.origin },
      routes: [{ match: '* /files/{id}', upstream: 'echo', scope: 'storage:read', limit: 'none' }],
    });
    const before = upstream.count();
    const response = await fetch(`${plain.url}/files/7`, {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(response.status).toBe(401);
    expect(permissions(response)).toEqual({});
    expect(upstream.count()).toBe(before);
    const token = issuer.sign({ scope: 'storage:read' });
    const passed = await fetch(`${plain.url}/files/7`, { headers: { authorization: `Bearer ${token}` } });
    expect(passed.headers.get('access-control-allow-origin')).toBe('*');
    await plain.stop();
  });
});
