import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, basic, read, startTokenService, type TestService } from './support.js';

const METADATA = '/.well-known/oauth-authorization-server';
let service: TestService;

beforeAll(async () => {
  service = await startTokenService();
});
afterAll(() => service.close());

async function tokenOf(form: Record<string, string> = {}): Promise<string> {
  const app = await service.createApp();
  const response = service.post(
    '/connect/token',
    { grant_type: 'client_credentials', ...form },
    basic(app.key, app.secret),
  );
  return String((await read(response))[1]['access_token']);
}

describe('GET /.well-known/jwks.json', () => {
  it('has the keys that verify its tokens, and nothing private', async () => {
    const response = await service.fetch('/.well-known/jwks.json');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const jwks = (await response.json()) as JSONWebKeySet;
    for (const jwk of jwks.keys) expect(jwk).not.toHaveProperty('d');
    const options = { issuer: service.url, audience: AUDIENCE };
    const { payload } = await jwtVerify(await tokenOf(), createLocalJWKSet(jwks), options);
    expect(payload['app_name']).toBe('Stamper');
  });

  it('supports HEAD, and no other method', async () => {
    const head = await service.fetch('/.well-known/jwks.json', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await service.fetch('/.well-known/jwks.json', { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('leaves the connection open, also after a refusal', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const method of ['GET', 'DELETE', 'GET']) {
      const req = request(`${service.url}/.well-known/jwks.json`, { agent, method });
      req.end();
      const [res] = (await once(req, 'response')) as [NodeJS.ReadableStream & { headers: object }];
      expect(res.headers).not.toHaveProperty('connection', 'close');
      ports.add(req.socket?.localPort);
      res.resume();
      await once(res, 'end');
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });
});

describe('GET /.well-known/oauth-authorization-server', () => {
  it('describes a service with everything enabled', async () => {
    const at = (path: string) => `${service.url}${path}`;
    const ways = ['client_secret_basic', 'client_secret_post'];
    expect(await read(service.fetch(METADATA))).toEqual([
      200,
      {
        issuer: service.url,
        jwks_uri: at('/.well-known/jwks.json'),
        token_endpoint: at('/connect/token'),
        token_endpoint_auth_methods_supported: [...ways, 'none'],
        grant_types_supported: ['client_credentials', 'refresh_token'],
        response_types_supported: [],
        revocation_endpoint: at('/revoke'),
        revocation_endpoint_auth_methods_supported: ways,
        introspection_endpoint: at('/introspect'),
        introspection_endpoint_auth_methods_supported: ways,
      },
    ]);
  });

  it('is also available under the name of OpenID Connect', async () => {
    const openid = await read(service.fetch('/.well-known/openid-configuration'));
    expect(openid).toEqual(await read(service.fetch(METADATA)));
  });

  it('names the endpoints at their configured paths', async () => {
    const other = await startTokenService({
      endpoints: { revoke: { path: '/oauth/revoke' }, introspect: { path: '/oauth/introspect' } },
    });
    const [, metadata] = await read(other.fetch(METADATA));
    expect(metadata).toMatchObject({
      revocation_endpoint: `${other.url}/oauth/revoke`,
      introspection_endpoint: `${other.url}/oauth/introspect`,
    });
    const app = await other.createApp();
    const form = { client_id: app.key, client_secret: app.secret, token: 'no-such-token' };
    expect((await other.post('/oauth/revoke', form)).status).toBe(200);
    expect(await read(other.post('/oauth/introspect', form))).toEqual([200, { active: false }]);
    expect((await other.post('/revoke', form)).status).toBe(404);
    expect((await other.post('/introspect', form)).status).toBe(404);
    await other.close();
  });

  it('names no endpoint that is disabled', async () => {
    const off = { keySecret: undefined, clientCredentials: undefined, password: undefined };
    const other = await startTokenService({ endpoints: { ...off, named: undefined, whoami: undefined } });
    const [, metadata] = await read(other.fetch(METADATA));
    expect(metadata).not.toHaveProperty('token_endpoint');
    expect(metadata).not.toHaveProperty('token_endpoint_auth_methods_supported');
    expect(metadata['grant_types_supported']).toEqual([]);
    for (const path of ['/auth/token', '/connect/token', '/token', '/token/create', '/token/whoami'])
      expect((await other.fetch(path, { method: 'POST' })).status).toBe(404);
    await other.close();
  });

  it('names no refresh if there are no users', async () => {
    const other = await startTokenService({ endpoints: { password: undefined } });
    const [, metadata] = await read(other.fetch(METADATA));
    expect(metadata['grant_types_supported']).toEqual(['client_credentials']);
    expect(metadata['token_endpoint_auth_methods_supported']).not.toContain('none');
    await other.close();
  });

  it('is available at both paths for an issuer with a path', async () => {
    const issuer = 'https://api.example.test/tenant';
    const other = await startTokenService({ settings: { issuer } });
    for (const path of [`${METADATA}/tenant`, '/tenant/.well-known/openid-configuration', METADATA]) {
      const [status, metadata] = await read(other.fetch(path));
      expect([status, metadata['issuer']]).toEqual([200, issuer]);
      expect(metadata['token_endpoint']).toBe('https://api.example.test/connect/token');
    }
    await other.close();
  });
});

describe('GET /token/whoami', () => {
  const whoami = (authorization?: string) =>
    service.fetch('/token/whoami', { headers: authorization === undefined ? {} : { authorization } });

  it("returns the claims of the caller's token", async () => {
    const token = await tokenOf();
    const response = await whoami(`Bearer ${token}`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ iss: service.url, aud: AUDIENCE, app_name: 'Stamper' });
  });

  it.each([
    ['no token', undefined, 401, 'invalid_token', 'Bearer realm="tollgate"'],
    ['a bad token', 'Bearer abc', 401, 'invalid_token', /error="invalid_token"/],
    ['a malformed header', 'Bearer a b', 400, 'invalid_request', /error="invalid_request"/],
  ])('refuses %s with a challenge', async (_, authorization, status, error, challenge) => {
    const response = await whoami(authorization);
    expect(response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toEqual(
      typeof challenge === 'string' ? challenge : expect.stringMatching(challenge),
    );
    expect(await response.json()).toMatchObject({ error });
  });
});
