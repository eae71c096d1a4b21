/** Refusals as problem details (RFC 9457), for clients that prefer them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockAfter } from '../support/docs-block.js';
import { startGate, type TestGate } from '../support/gate.js';
import { talk } from '../support/dialogue.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const PROBLEM = 'application/problem+json';
const prefix = randomPrefix();

let issuer: TestIssuer;
let upstream: EchoUpstream;
let gate: TestGate;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  gate = await startGate({
    redis: { url: redisUrl(), timeout: '5s', key_prefix: prefix },
    limit_headers: 'draft',
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { orders: upstream.origin },
    cors: { origins: ['https://app.example'] },
    routes: [
      {
        match: 'GET /orders/{id}',
        upstream: 'orders',
        scope: 'orders:read',
        limit: [
          { requests: 1, window: '2m', name: 'burst' },
          { requests: 1000, window: '1d', name: 'daily' },
        ],
      },
      {
        match: 'GET /both',
        upstream: 'orders',
        scope: 'orders:read',
        limit: ['1 per 1m', '1 per 1h', '5 per 1d'],
      },
    ],
  });
});
afterAll(async () => {
  await gate.stop();
  await Promise.all([issuer.close(), upstream.close(), removeKeys(prefix)]);
});

const withToken = (claims: object = { scope: 'orders:*' }) => bearer(issuer.sign({ ...claims }));

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(gate.url + path, { method, headers: { accept: PROBLEM, ...headers } });
  const text = await response.text();
  return { response, text, id: response.headers.get('x-request-id') };
}

describe('problem details', () => {
  it.each([
    [401, 'Unauthorized', '/orders/1', {}],
    [404, 'Not Found', '/nowhere', {}],
    [400, 'Bad Request', '/orders/%zz', {}],
  ])('of a %i have the title %s', async (status, title, path, headers) => {
    const { response, text, id } = await get(path, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(PROBLEM);
    expect(response.headers.get('vary')).toContain('Accept');
    const { detail, ...rest } = JSON.parse(text) as { detail: string };
    expect(rest).toEqual({ type: 'about:blank', title, status, request_id: id });
    const plain = await get(path, { ...headers, accept: '*/*' });
    expect(JSON.parse(plain.text)).toMatchObject({ errors: [{ message: detail }] });
  });

  it('of a 403 say what is missing, as the JSON does', async () => {
    const { response, text } = await get('/orders/1', withToken({ scope: 'other' }));
    expect(response.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(JSON.parse(text)).toMatchObject({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: expect.stringContaining('orders:read') as string,
    });
  });

  it('of a 429 name the exhausted limits, as documented', async () => {
    await get('/orders/1', withToken());
    const { response, text, id } = await get('/orders/1', withToken());
    expect(response.status).toBe(429);
    const [head = '', body = ''] = blockAfter('docs/http.md', '### Problem details').split('\n\n');
    const documented = JSON.parse(body) as { request_id: string };
    expect(JSON.parse(text)).toEqual({ ...documented, request_id: id });
    expect(head).toContain(`Content-Type: ${response.headers.get('content-type')!}`);
    for (const line of head.split('\n').slice(1)) {
      const [name = '', value = ''] = line.split(': ');
      if (name !== 'Retry-After' && name !== 'X-Request-Id' && name !== 'RateLimit')
        expect(`${name}: ${String(response.headers.get(name))}`).toBe(`${name}: ${value}`);
    }
  });

  it('of a 429 list every exhausted limit by the names of RateLimit-Policy', async () => {
    await get('/both', withToken());
    const { response, text } = await get('/both', withToken());
    expect(JSON.parse(text)).toMatchObject({ 'violated-policies': ['app-60s', 'app-3600s'] });
    for (const name of ['app-60s', 'app-3600s'])
      expect(response.headers.get('ratelimit-policy')).toContain(`"${name}"`);
  });

  it('have the length of their body in the response to a HEAD, and no body', async () => {
    const { response, text } = await get('/nowhere', {}, 'HEAD');
    expect(response.headers.get('content-type')).toBe(PROBLEM);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
    expect(text).toBe('');
  });

  it('are sent with the fields of CORS', async () => {
    const { response } = await get('/nowhere', { origin: 'https://app.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(response.headers.get('vary')).toBe('Origin, Accept');
  });
});

describe('a refusal', () => {
  it.each(['*/*', 'application/json', 'application/problem+json;q=0.5, */*', 'application/problem+json, ;;'])(
    'is plain JSON for the Accept %s',
    async (accept) => {
      const { response, text } = await get('/nowhere', { accept });
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('vary')).toContain('Accept');
      expect(text).toBe('{"errors":[{"code":34,"message":"No such resource"}]}');
    },
  );

  it('is plain JSON without an Accept, and where the parser refuses the request', async () => {
    const one = await talk(gate.port, 'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const two = await talk(gate.port, `GET / HTTP/1.1\r\nHost: a\r\nAccept: ${PROBLEM}\r\nbroken\r\n\r\n`);
    for (const { responses } of [one, two])
      expect(responses[0]).toMatchObject({ code: expect.any(Number) as number });
    expect(two.responses[0]?.status).toBe(400);
  });
});
