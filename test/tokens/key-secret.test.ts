import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, read, startTokenService, type TestService } from './support.js';

let service: TestService;
let app: Awaited<ReturnType<TestService['createApp']>>;

beforeAll(async () => {
  service = await startTokenService();
  app = await service.createApp();
});
afterAll(() => service.close());

const PATH = '/auth/token';
const inQuery = (key: string, secret: string) => `${PATH}?key=${key}&secret=${secret}`;

describe('POST /auth/token', () => {
  it('issues a token for a key and a secret in the query, as curl sends them', async () => {
    const response = await service.fetch(inQuery(app.key, app.secret), { method: 'POST' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('x-request-id')).toBe('id-1');
    expect(await response.json()).toEqual({ token_type: 'bearer', access_token: expect.any(String) });
  });

  it('issues the same for a form and for JSON', async () => {
    const form = { key: app.key, secret: app.secret };
    for (const response of [service.post(PATH, form), service.postJson(PATH, form)]) {
      const [status, body] = await read(response);
      expect(status).toBe(200);
      expect(body['access_token']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    }
  });

  it('accepts the key in the query with the secret in the body', async () => {
    const response = await service.post(`${PATH}?key=${app.key}`, { secret: app.secret });
    expect(response.status).toBe(200);
  });

  it('puts the documented claims into the token', async () => {
    const [, body] = await read(service.post(PATH, { key: app.key, secret: app.secret }));
    const token = String(body['access_token']);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
    expect(decodeJwt(token)).toEqual({
      iss: service.url,
      sub: app.key,
      owner: { uid: '7', uname: 'ada', uavatar: 'https://example.test/ada.png' },
      organization: 'Example',
      app_name: 'Stamper',
      scope: ['notarization:*', 'scope_api'],
      aud: AUDIENCE,
      grant_type: 'client_credentials',
      iat: Math.floor(service.clock.nowMs / 1000),
      jti: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  it('omits claims that an app does not have', async () => {
    const bare = await service.createApp({ owner: undefined, organization: undefined, scopes: [] });
    const [, body] = await read(service.post(PATH, { key: bare.key, secret: bare.secret }));
    const claims = decodeJwt(String(body['access_token']));
    expect(claims).not.toHaveProperty('owner');
    expect(claims).not.toHaveProperty('organization');
    expect(claims).toHaveProperty('scope', []);
  });

  it('states the expiry if there is one, and lists several audiences', async () => {
    const other = await startTokenService({
      endpoints: { keySecret: { path: PATH, lifetimeMs: 90_500 } },
      settings: { audience: ['a', 'b'] },
    });
    const { key, secret } = await other.createApp();
    const [, body] = await read(other.post(PATH, { key, secret }));
    expect(body['expires_in']).toBe(91);
    const { iat, exp, aud } = decodeJwt(String(body['access_token']));
    expect(exp).toBe(iat! + 91);
    expect(aud).toEqual(['a', 'b']);
    await other.close();
  });

  it('never issues two tokens with the same jti', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 10 }, () => read(service.post(PATH, { key: app.key, secret: app.secret }))),
    );
    expect(new Set(tokens.map(([, body]) => decodeJwt(String(body['access_token'])).jti)).size).toBe(10);
  });

  it('responds to a wrong secret and an unknown key alike', async () => {
    const wrong = await service.fetch(inQuery(app.key, 'wrong'), { method: 'POST' });
    const unknown = await service.fetch(inQuery('nobody', app.secret), { method: 'POST' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    const text = await wrong.text();
    expect(text).toBe(await unknown.text());
    expect(JSON.parse(text)).toMatchObject({ error: 'invalid_client' });
    const fields = (response: Response) => [...response.headers].filter(([name]) => name !== 'date');
    expect(fields(wrong)).toEqual(fields(unknown));
    expect(wrong.headers.has('www-authenticate')).toBe(false);
  });

  it('refuses a revoked app like an unknown one', async () => {
    const gone = await service.createApp();
    service.revoked.add(gone.key);
    const [status, body] = await read(service.post(PATH, { key: gone.key, secret: gone.secret }));
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });

  it('refuses a deleted app', async () => {
    const gone = await service.createApp();
    await service.registry.deleteApp(gone.key, service.clock.nowMs, ['tokens']);
    expect((await service.post(PATH, { key: gone.key, secret: gone.secret })).status).toBe(401);
  });

  it.each([
    ['no parameter at all', '', undefined],
    ['no secret', '?key=a', undefined],
    ['an empty secret', '?key=a&secret=', undefined],
    ['no key', '?secret=a', undefined],
    ['a secret twice in the query', '?key=a&secret=b&secret=c', undefined],
    ['a secret twice, once encoded', '?key=a&secret=b&%73ecret=c', undefined],
    ['an unknown parameter twice', '?key=a&secret=b&x=1&x=2', undefined],
    ['a key both in the query and in the body', '?key=a&secret=b', 'key=a'],
    ['a broken escape', '?key=a&secret=%zz', undefined],
    ['an escape that is no UTF-8', '?key=a&secret=%ff', undefined],
    ['a NUL', '?key=a&secret=%00', undefined],
  ])('refuses %s with invalid_request', async (_, query, body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', ...(body !== undefined && { body, headers }) };
    const [status, response] = await read(service.fetch(`${PATH}${query}`, init));
    expect([status, response['error']]).toEqual([400, 'invalid_request']);
  });

  it('reads a secret whose name is percent-encoded', async () => {
    const response = await service.fetch(`${PATH}?key=${app.key}&%73ecret=${app.secret}`, { method: 'POST' });
    expect(response.status).toBe(200);
  });

  it('names the right method in the response to a wrong one', async () => {
    const response = await service.fetch(inQuery(app.key, app.secret));
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });
});
