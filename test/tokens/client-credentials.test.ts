import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, ENDPOINTS, PASSWORD, read, startTokenService, type TestService } from './support.js';

let service: TestService;
let app: Awaited<ReturnType<TestService['createApp']>>;

beforeAll(async () => {
  service = await startTokenService();
  app = await service.createApp({ key: 'app:one', scopes: ['notarization:*', 'storage:read'] });
  await service.addUser();
});
afterAll(() => service.close());

const PATH = '/connect/token';
const GRANT = { grant_type: 'client_credentials' };
const ask = (form: Record<string, string>, headers?: Record<string, string>) =>
  read(service.post(PATH, form, headers));
const inForm = () => ({ ...GRANT, client_id: app.key, client_secret: app.secret });

describe('POST /connect/token with client credentials', () => {
  it('issues a token for an id and a secret in the form', async () => {
    const [status, body] = await ask(inForm());
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 86_400,
      token_type: 'Bearer',
      scope: 'notarization:* storage:read',
    });
    const { iat, exp, ...claims } = decodeJwt(String(body['access_token']));
    expect(exp).toBe(iat! + 86_400);
    expect(claims).toMatchObject({ sub: app.key, grant_type: 'client_credentials' });
  });

  it('accepts HTTP Basic, with id and secret form-encoded before they are joined', async () => {
    const [status, body] = await ask(GRANT, basic(app.key, app.secret));
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token'])).sub).toBe('app:one');
  });

  it('accepts the client_id beside Basic if it is the same', async () => {
    const [status] = await ask({ ...GRANT, client_id: app.key }, basic(app.key, app.secret));
    expect(status).toBe(200);
  });

  it('responds to a wrong secret in Basic with a Basic challenge', async () => {
    const response = await service.post(PATH, GRANT, basic(app.key, 'wrong'));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="tollgate"');
    expect(await response.json()).toMatchObject({ error: 'invalid_client' });
  });

  it('responds to a wrong secret in the form without a challenge', async () => {
    const response = await service.post(PATH, { ...inForm(), client_secret: 'wrong' });
    expect(response.status).toBe(401);
    expect(response.headers.has('www-authenticate')).toBe(false);
  });

  it('refuses another scheme than Basic', async () => {
    const [status, body] = await ask(GRANT, { authorization: 'Bearer abc' });
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });

  it.each([
    ['no base64', 'Basic ***'],
    ['nothing', 'Basic'],
    ['no colon', `Basic ${btoa('abc')}`],
    ['no id', `Basic ${btoa(':secret')}`],
    ['no secret', `Basic ${btoa('id:')}`],
    ['a broken escape', `Basic ${btoa('id:%zz')}`],
  ])('refuses Basic with %s', async (_, authorization) => {
    const [status, body] = await ask(GRANT, { authorization });
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['no credentials', {}, false],
    ['an id alone', { client_id: 'app' }, false],
    ['a secret alone', { client_secret: 'secret' }, false],
    ['a secret beside Basic', { client_secret: 'secret' }, true],
    ['another id beside Basic', { client_id: 'other' }, true],
  ])('refuses %s with invalid_request', async (_, form: Record<string, string>, isBasic) => {
    const [status, body] = await ask({ ...GRANT, ...form }, isBasic ? basic(app.key, app.secret) : {});
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it('never looks for credentials in the query', async () => {
    const { key, secret } = app;
    const [status, body] = await read(
      service.post(`${PATH}?client_id=${key}&client_secret=${secret}`, GRANT),
    );
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['notarization:read', 'notarization:read'],
    ['storage:read notarization:stamps:write', 'storage:read notarization:stamps:write'],
    ['storage:read storage:read', 'storage:read'],
    ['', 'notarization:* storage:read'],
  ])('narrows the scope to %j', async (scope, granted) => {
    const [status, body] = await ask({ ...inForm(), scope });
    expect([status, body['scope']]).toEqual([200, granted]);
    expect(decodeJwt(String(body['access_token']))['scope']).toEqual(granted.split(' '));
  });

  it.each(['storage:write', '*', 'storage:read storage:write', 'storage:read  notarization:read', ' ', 'ö'])(
    'refuses the scope %j with invalid_scope',
    async (scope) => {
      const [status, body] = await ask({ ...inForm(), scope });
      expect([status, body['error']]).toEqual([400, 'invalid_scope']);
    },
  );

  it('omits the scope for an app that has none', async () => {
    const bare = await service.createApp({ scopes: [] });
    const [status, body] = await ask({ ...GRANT, client_id: bare.key, client_secret: bare.secret });
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('scope');
  });

  it('refuses a missing grant_type, another one, and a repeated one', async () => {
    const { client_id, client_secret } = inForm();
    expect(await ask({ client_id, client_secret })).toMatchObject([400, { error: 'invalid_request' }]);
    expect(await ask({ ...inForm(), grant_type: 'password' })).toMatchObject([
      400,
      { error: 'unsupported_grant_type' },
    ]);
    const body = new URLSearchParams([...Object.entries(inForm()), ['grant_type', 'client_credentials']]);
    expect(await read(service.fetch(PATH, { method: 'POST', body }))).toMatchObject([
      400,
      { error: 'invalid_request' },
    ]);
  });

  it('refuses JSON', async () => {
    const [status, body] = await read(service.postJson(PATH, inForm()));
    expect([status, body['error']]).toEqual([415, 'invalid_request']);
  });
});

describe('POST /connect/token with a refresh token', () => {
  const login = async () => {
    const [, body] = await read(service.postJson('/token', { username: 'grace', password: PASSWORD }));
    return String(body['refresh_token']);
  };
  const refresh = (refreshToken: string, form = {}, headers = {}) =>
    ask({ grant_type: 'refresh_token', refresh_token: refreshToken, ...form }, headers);

  it('continues a session that began with a password', async () => {
    const first = await login();
    const [status, body] = await refresh(first);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      token_type: 'Bearer',
      scope: 'storage:read notarization:*',
      refresh_token: expect.any(String),
    });
    expect(body['refresh_token']).not.toBe(first);
    expect(await refresh(String(body['refresh_token']))).toMatchObject([200, {}]);
  });

  it('narrows the scope of this token only', async () => {
    const [, narrowed] = await refresh(await login(), { scope: 'notarization:read' });
    expect(narrowed['scope']).toBe('notarization:read');
    const [, next] = await refresh(String(narrowed['refresh_token']));
    expect(next['scope']).toBe('storage:read notarization:*');
  });

  it('keeps the refresh token valid after a request for a scope that it never had', async () => {
    const token = await login();
    expect(await refresh(token, { scope: 'storage:write' })).toMatchObject([400, { error: 'invalid_scope' }]);
    expect(await refresh(token)).toMatchObject([200, {}]);
  });

  it('refuses an unknown token, with a scope and without', async () => {
    expect(await refresh('unknown')).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(await refresh('unknown', { scope: 'storage:read' })).toMatchObject([
      400,
      { error: 'invalid_grant' },
    ]);
  });

  it('accepts an authenticated client, and refuses one with a wrong secret', async () => {
    const token = await login();
    expect(await refresh(token, {}, basic(app.key, 'wrong'))).toMatchObject([
      401,
      { error: 'invalid_client' },
    ]);
    expect(await refresh(token, {}, basic(app.key, app.secret))).toMatchObject([200, {}]);
  });

  it('refuses a request without the token, and one with an incomplete client', async () => {
    const [status, body] = await ask({ grant_type: 'refresh_token' });
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
    expect(await refresh('any', { client_secret: 'x' })).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it('supports no refresh if there are no users', async () => {
    const other = await startTokenService({ endpoints: { ...ENDPOINTS, password: undefined } });
    const [status, body] = await read(other.post(PATH, { grant_type: 'refresh_token', refresh_token: 'x' }));
    expect([status, body['error']]).toEqual([400, 'unsupported_grant_type']);
    expect((await other.postJson('/token', {})).status).toBe(404);
    await other.close();
  });
});
