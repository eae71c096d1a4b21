/** The issuer for users' tests: its tokens open what they should, and the bad ones are refused. */
import { createServer } from 'node:http';
import express from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tollgate, type GatewayConfig, type Tollgate } from '../../src/index.js';
import { testIssuer, type TestIssuer, type TestIssuerOptions } from '../../src/testing/testing.js';
import { startGate, type TestGate } from '../support/gate.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let upstream: EchoUpstream;

beforeAll(async () => {
  upstream = await startEchoUpstream();
});

afterAll(() => upstream.close());

function configOf(issuers: GatewayConfig['issuers']): GatewayConfig {
  return {
    log: { level: 'silent' },
    jwks_cache: false,
    issuers,
    upstreams: { orders: upstream.origin },
    routes: [{ match: 'GET /orders/{id}', upstream: 'orders', scope: 'orders:read', limit: 'none' }],
  };
}

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}

function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as Record<string, unknown>;
}

describe('a test issuer in front of an Express application', () => {
  const issuer = testIssuer();
  let gateway: Tollgate;
  let app: express.Express;

  beforeAll(async () => {
    gateway = await tollgate(configOf({ main: issuer.config }));
    app = express().use(gateway);
  });

  afterAll(() => gateway.close());

  const statusOf = async (token: string): Promise<number> =>
    (await request(app).get('/orders/7').set('Authorization', `Bearer ${token}`)).status;

  it('signs a token with the scope of a route, which opens it', async () => {
    const response = await request(app)
      .get('/orders/7')
      .set('Authorization', issuer.authorization({ scope: 'orders:read' }))
      .expect(200);
    const { rawHeaders } = response.body as Echo;
    expect(rawHeaders[rawHeaders.indexOf('X-App-Id') + 1]).toBe('test-app');
  });

  it('signs a token without claims, which is valid but has no scope', async () => {
    expect(await statusOf(issuer.sign())).toBe(403);
  });

  it('gives the token of an app its id and scopes', async () => {
    const response = await request(app)
      .get('/orders/7')
      .set('Authorization', `Bearer ${issuer.signFor('app-9', ['orders:read'])}`)
      .expect(200);
    const { rawHeaders } = response.body as Echo;
    expect(rawHeaders[rawHeaders.indexOf('X-App-Id') + 1]).toBe('app-9');
    expect(await statusOf(issuer.signFor('app-9', ['orders:write']))).toBe(403);
  });

  it.each([
    ['that has expired, in seconds', () => issuer.sign({ scope: 'orders:read' }, { expiresIn: -60 })],
    ['that has expired, as a text', () => issuer.sign({ scope: 'orders:read' }, { expiresIn: '-1h' })],
    ['without exp', () => issuer.sign({ scope: 'orders:read', exp: undefined })],
    ['of another key', () => issuer.forge({ scope: 'orders:read' })],
    ['of another issuer', () => testIssuer({ alg: 'ES256' }).sign({ scope: 'orders:read' })],
    ['with another iss', () => issuer.sign({ scope: 'orders:read', iss: 'https://other.test' })],
    ['for another audience', () => issuer.sign({ scope: 'orders:read', aud: 'https://other.test' })],
    ['without signature', () => issuer.sign({ scope: 'orders:read' }, { alg: 'none' })],
    ['with another algorithm of the same key', () => issuer.sign({ scope: 'orders:read' }, { alg: 'PS256' })],
    ['with an unknown kid', () => issuer.sign({ scope: 'orders:read' }, { header: { kid: 'unknown' } })],
    ['with another typ', () => issuer.sign({ scope: 'orders:read' }, { header: { typ: 'secevent+jwt' } })],
  ])('signs a token %s, which is 401', async (_what, sign) => {
    const token = sign();
    expect(token.split('.')).toHaveLength(3);
    expect(await statusOf(token)).toBe(401);
  });

  it('forges a token that differs in the signature alone', () => {
    const claims = { iat: 1, exp: 2 };
    const [signed, forged] = [issuer.sign(claims).split('.'), issuer.forge(claims).split('.')];
    expect(forged.slice(0, 2)).toEqual(signed.slice(0, 2));
    expect(forged[2]).not.toBe(signed[2]);
  });
});

describe('the claims of a test token', () => {
  const issuer = testIssuer({ alg: 'ES256' });

  it('are iss, aud, sub, and five minutes between iat and exp', () => {
    const { iat, exp, ...rest } = payloadOf(issuer.sign());
    expect(rest).toEqual({ iss: 'https://issuer.test', aud: 'https://api.test', sub: 'test-app' });
    expect(Number(exp) - Number(iat)).toBe(300);
    expect(Math.abs(Date.now() / 1000 - Number(iat))).toBeLessThan(5);
  });

  it('are replaced, added, or left out where they are undefined', () => {
    const payload = payloadOf(issuer.sign({ aud: undefined, sub: 'other', org: { id: 7 } }));
    expect(payload).not.toHaveProperty('aud');
    expect(payload).toMatchObject({ sub: 'other', org: { id: 7 } });
  });

  it.each([
    [90, 90],
    ['45s', 45],
    ['2m', 120],
    ['1h', 3600],
    ['1d', 86_400],
  ])('expire after the time asked for: %s', (expiresIn, seconds) => {
    const { iat, exp } = payloadOf(issuer.sign({}, { expiresIn }));
    expect(Number(exp) - Number(iat)).toBe(seconds);
  });

  it.each(['5', '5 minutes', '', '1w'])('cannot expire after %j', (expiresIn) => {
    expect(() => issuer.sign({}, { expiresIn })).toThrow(/expiresIn/);
  });
});

it('the header of a test token names its key and algorithm; a parameter that is undefined is left out', () => {
  const issuer = testIssuer({ alg: 'ES256' });
  const { kid } = issuer.jwks.keys[0] as { kid: string };
  expect(headerOf(issuer.sign())).toEqual({ alg: 'ES256', kid, typ: 'JWT' });
  expect(headerOf(issuer.sign({}, { header: { kid: undefined, cty: 'x' } }))).toEqual({
    alg: 'ES256',
    typ: 'JWT',
    cty: 'x',
  });
});

it('the JWKS of a test issuer has public keys alone', () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
    expect(
      Object.keys(testIssuer({ alg }).jwks.keys[0]!).filter((name) => /^(d|p|q|k|dp|dq|qi)$/.test(name)),
    ).toEqual([]);
  }
});

describe('test issuers of a listening gateway', () => {
  const options: Record<string, TestIssuerOptions> = {
    ps512: { issuer: 'https://ps.test', alg: 'PS512' },
    es256: { issuer: 'https://es.test', alg: 'ES256', audience: ['https://a.test', 'https://b.test'] },
    es512: { issuer: 'urn:es', alg: 'ES512', audience: false },
    eddsa: { issuer: 'urn:ed', alg: 'EdDSA' },
    ed25519: { issuer: 'urn:ed25519', alg: 'Ed25519' },
    without: { issuer: false, alg: 'ES384' },
  };
  const issuers = Object.fromEntries(Object.entries(options).map(([name, each]) => [name, testIssuer(each)]));
  let gate: TestGate;

  beforeAll(async () => {
    gate = await startGate(
      configOf(
        Object.fromEntries(
          Object.entries(issuers).map(([name, { config }]) => [name, { ...config, grants: ['orders:*'] }]),
        ),
      ),
    );
  });

  afterAll(() => gate.stop());

  it.each(Object.keys(options))(
    '%s: its tokens are accepted, and those of another key are not',
    async (name) => {
      const issuer: TestIssuer = issuers[name]!;
      const get = (token: string) =>
        request(gate.url).get('/orders/7').set('Authorization', `Bearer ${token}`);
      await get(issuer.sign({ scope: 'orders:read' })).expect(200);
      await get(issuer.forge({ scope: 'orders:read' })).expect(401);
    },
  );
});

describe('the served keys of a test issuer', () => {
  it('open the gateway whose file has their URL', async () => {
    const issuer = testIssuer({ alg: 'ES256' });
    const { url, close } = await issuer.serve();
    const gateway = await tollgate(configOf({ main: { ...issuer.config, jwks: url } }));
    const server = createServer((req, res) => gateway(req, res));
    await request(server)
      .get('/orders/7')
      .set('Authorization', issuer.authorization({ scope: 'orders:read' }))
      .expect(200);
    await gateway.close();
    await close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('are found by discovery', async () => {
    const first = await testIssuer({ alg: 'ES256' }).serve();
    await first.close();
    const origin = new URL(first.url).origin;
    const issuer = testIssuer({ issuer: origin });
    const server = await issuer.serve({ port: Number(new URL(origin).port) });
    const gateway = await tollgate(configOf({ main: { issuer: origin, audience: 'https://api.test' } }));
    await request(express().use(gateway))
      .get('/orders/7')
      .set('Authorization', issuer.authorization({ scope: 'orders:read' }))
      .expect(200);
    await gateway.close();
    await server.close();
  });

  it('cannot be served at a port in use', async () => {
    const issuer = testIssuer({ alg: 'ES256', issuer: false });
    const { url, close } = await issuer.serve();
    await expect(issuer.serve({ port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE');
    expect((await fetch(new URL('/.well-known/openid-configuration', url))).status).toBe(404);
    await close();
  });
});
