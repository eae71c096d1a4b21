import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REVOCATION_MARGIN_MS } from '../../src/model/revocation.js';
import { signTexts } from '../support/tokens.js';
import { AUDIENCE, basic, key, PASSWORD, read, startTokenService, type TestService } from './support.js';

let service: TestService;
type TestApp = Awaited<ReturnType<TestService['createApp']>>;
let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  service = await startTokenService();
  app = await service.createApp();
  other = await service.createApp();
  await service.addUser();
});
afterAll(() => service.close());

async function appToken({ key: id, secret }: TestApp = app): Promise<string> {
  const form = { grant_type: 'client_credentials' };
  const [, body] = await read(service.post('/connect/token', form, basic(id, secret)));
  return String(body['access_token']);
}

async function login(): Promise<{ token: string; refreshToken: string }> {
  const [, body] = await read(service.postJson('/token', { username: 'grace', password: PASSWORD }));
  return { token: String(body['token']), refreshToken: String(body['refresh_token']) };
}

async function namedToken(): Promise<string> {
  const form = { secret: app.secret, name: 'nightly', description: 'job', permission: 'scope_api' };
  return (await service.post('/token/create', form)).text();
}

const introspect = (token: string, { key: id, secret }: TestApp = app) =>
  read(service.post('/introspect', { token }, basic(id, secret)));
const revoke = (token: string, { key: id, secret }: TestApp = app) =>
  service.post('/revoke', { token }, basic(id, secret));

const INACTIVE = [200, { active: false }];

describe('POST /introspect', () => {
  it('returns the RFC 7662 fields of a token to the app that owns it', async () => {
    const token = await appToken();
    const { jti, iat, exp } = decodeJwt(token);
    expect(await introspect(token)).toEqual([
      200,
      {
        active: true,
        token_type: 'Bearer',
        iss: service.url,
        sub: app.key,
        aud: AUDIENCE,
        client_id: app.key,
        scope: 'notarization:* scope_api',
        ...{ jti, iat, exp },
      },
    ]);
  });

  it('returns those of a named token to the app whose secret created it', async () => {
    const [, body] = await introspect(await namedToken());
    expect(body).toMatchObject({ active: true, client_id: app.key, sub: 'job', scope: 'scope_api' });
    expect(body).not.toHaveProperty('exp');
  });

  it("reports another app's token as inactive", async () => {
    expect(await introspect(await appToken(other))).toEqual(INACTIVE);
    expect(await introspect(await namedToken(), other)).toEqual(INACTIVE);
  });

  it("returns the fields of a user's tokens, which belong to no app", async () => {
    const { token, refreshToken } = await login();
    const [, access] = await introspect(token);
    expect(access).toMatchObject({ active: true, sub: 'grace', username: 'grace' });
    expect(access).not.toHaveProperty('client_id');
    const [, refresh] = await introspect(refreshToken);
    expect(refresh).toEqual({
      active: true,
      iss: service.url,
      sub: 'grace',
      username: 'grace',
      scope: 'storage:read notarization:*',
      exp: expect.any(Number),
    });
  });

  it('reports a token as inactive that has expired, is revoked, or whose app is', async () => {
    const ended = await appToken();
    service.clock.nowMs += 86_400_000 + 3000;
    // As long as a gateway accepts it.
    expect((await introspect(ended))[1]).toMatchObject({ active: true });
    service.clock.nowMs += 3000;
    expect(await introspect(ended)).toEqual(INACTIVE);
    const revoked = await appToken();
    service.revoked.add(decodeJwt(revoked).jti!);
    expect(await introspect(revoked)).toEqual(INACTIVE);
    const { token } = await login();
    service.revoked.add('grace');
    expect(await introspect(token)).toEqual(INACTIVE);
    service.revoked.delete('grace');
  });

  it.each([
    ['nothing of ours', 'abc'],
    ['dots', '..'],
    ['no JSON', 'a.b.c'],
    ['a header without a kid', signTexts('{"alg":"RS256"}', '{}', key)],
    ['a header with an unknown kid', signTexts('{"alg":"RS256","kid":"x"}', '{}', key)],
    ['a payload that is no JSON', signTexts(`{"alg":"RS256","typ":"JWT","kid":"${key.kid}"}`, 'x', key)],
    ['a payload that is text', signTexts(`{"alg":"RS256","kid":"${key.kid}"}`, '"x"', key)],
    ['another issuer', signTexts(`{"alg":"RS256","kid":"${key.kid}"}`, '{"iss":"x"}', key)],
    ['alg none', `${btoa(`{"alg":"none","kid":"${key.kid}"}`)}.e30.`],
  ])('reports a token with %s as inactive', async (_, token) => {
    expect(await introspect(token)).toEqual(INACTIVE);
  });

  it('reports a token with an invalid signature as inactive', async () => {
    const [head, , signature] = (await appToken()).split('.');
    const [, payload] = (await appToken()).split('.');
    expect(await introspect(`${head}.${payload}.${signature}`)).toEqual(INACTIVE);
  });
});

describe('POST /revoke', () => {
  it("revokes an app's own token by its jti, until it would have expired", async () => {
    const token = await appToken();
    const { jti, exp } = decodeJwt(token);
    const response = await revoke(token);
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(service.revocations.at(-1)).toEqual({
      kind: 'token',
      issuer: 'tokens',
      id: jti,
      revokedAtMs: service.clock.nowMs,
      issuedBeforeMs: undefined,
      generation: undefined,
      endsAtMs: exp! * 1000 + REVOCATION_MARGIN_MS,
      cause: 'revoked',
    });
    expect(await introspect(token)).toEqual(INACTIVE);
  });

  it('revokes a named token forever if it has no expiry', async () => {
    expect((await revoke(await namedToken())).status).toBe(200);
    expect(service.revocations.at(-1)).toMatchObject({ issuer: 'named', endsAtMs: undefined });
  });

  it('revokes a token that is not valid yet, and keeps it inactive when it becomes so', async () => {
    const day = new Date(service.clock.nowMs + 86_400_000).toISOString().slice(0, 16);
    const form = { secret: app.secret, name: 'later', description: 'job', permission: 'scope_api' };
    const token = await (await service.post('/token/create', { ...form, not_before_date: day })).text();
    expect(await introspect(token)).toEqual(INACTIVE);
    expect((await revoke(token)).status).toBe(200);
    expect(service.revocations.at(-1)).toMatchObject({ id: decodeJwt(token).jti, endsAtMs: undefined });
  });

  it('revokes an expired token while a gateway with a slow clock may still accept it', async () => {
    const [one, other] = [await appToken(), await appToken()];
    const before = service.revocations.length;
    service.clock.nowMs += 86_400_000 + REVOCATION_MARGIN_MS - 2000;
    expect((await revoke(one)).status).toBe(200);
    expect(service.revocations).toHaveLength(before + 1);
    service.clock.nowMs += 2000;
    expect((await revoke(other)).status).toBe(200);
    expect(service.revocations).toHaveLength(before + 1);
  });

  it("ends the family of a user's refresh token, and with it only the access tokens of that login", async () => {
    const [mine, another] = [await login(), await login()];
    const { refreshToken } = mine;
    const [, body] = await read(service.postJson('/token', { refresh_token: another.refreshToken }));
    expect(decodeJwt(String(body['token']))['sid']).toBe(decodeJwt(another.token)['sid']);
    expect((await revoke(refreshToken)).status).toBe(200);
    const { sid, exp } = decodeJwt(mine.token);
    expect(service.revocations.at(-1)).toMatchObject({ kind: 'family', issuer: 'tokens', id: sid });
    expect(service.revocations.at(-1)!.endsAtMs).toBeGreaterThan(exp! * 1000 + REVOCATION_MARGIN_MS);
    expect(await introspect(mine.token)).toEqual(INACTIVE);
    expect((await introspect(another.token))[1]).toMatchObject({ active: true });
    const again = await read(service.postJson('/token', { refresh_token: refreshToken }));
    expect(again).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  it("refuses another app's token", async () => {
    const token = await appToken(other);
    expect(await read(revoke(token))).toMatchObject([400, { error: 'invalid_request' }]);
    expect((await introspect(token, other))[1]).toMatchObject({ active: true });
  });

  it('does nothing for an invalid or expired token', async () => {
    const before = service.revocations.length;
    const token = await appToken();
    await revoke(token);
    expect((await revoke(token)).status).toBe(200);
    expect((await revoke('unknown')).status).toBe(200);
    expect(service.revocations).toHaveLength(before + 1);
  });

  it('leaves the refresh token valid if the revocation of its access tokens cannot be recorded', async () => {
    const { refreshToken } = await login();
    service.isUnavailable = true;
    expect((await revoke(refreshToken)).status).toBe(503);
    service.isUnavailable = false;
    expect((await introspect(refreshToken))[1]).toMatchObject({ active: true });
  });

  it('lets each app revoke so many within a window', async () => {
    const limited = await startTokenService({ settings: { revokeLimit: { requests: 2, windowMs: 60_000 } } });
    const [one, two] = [await limited.createApp(), await limited.createApp()];
    const tokenOf = async ({ key: id, secret }: TestApp) => {
      const form = { grant_type: 'client_credentials' };
      return String((await read(limited.post('/connect/token', form, basic(id, secret))))[1]['access_token']);
    };
    const revokeAt = async (by: TestApp) =>
      limited.post('/revoke', { token: await tokenOf(by) }, basic(by.key, by.secret));
    expect((await revokeAt(one)).status).toBe(200);
    expect((await revokeAt(one)).status).toBe(200);
    // For an invalid token nothing needs to be recorded.
    expect((await limited.post('/revoke', { token: 'x' }, basic(one.key, one.secret))).status).toBe(200);
    const refused = await revokeAt(one);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await revokeAt(two)).status).toBe(200);
    expect(limited.revocations).toHaveLength(3);
    await limited.close();
  });

  it('responds with 503 and Retry-After if the revocation cannot be recorded', async () => {
    const token = await appToken();
    service.isUnavailable = true;
    const response = await revoke(token);
    service.isUnavailable = false;
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });
});

describe.each(['/revoke', '/introspect'])('POST %s', (path) => {
  it('requires the client, the token and a form', async () => {
    const credentials = basic(app.key, app.secret);
    const refused = (form: Record<string, string>, headers = {}) => read(service.post(path, form, headers));
    expect(await refused({ token: 'x' })).toMatchObject([400, { error: 'invalid_request' }]);
    expect(await refused({}, credentials)).toMatchObject([400, { error: 'invalid_request' }]);
    expect(await refused({ token: 'x' }, basic(app.key, 'wrong'))).toMatchObject([
      401,
      { error: 'invalid_client' },
    ]);
    expect(await read(service.postJson(path, { token: 'x' }))).toMatchObject([415, {}]);
  });

  it('accepts the credentials in the form, and ignores a hint', async () => {
    const form = { token: 'x', token_type_hint: 'pickle', client_id: app.key, client_secret: app.secret };
    expect((await service.post(path, form)).status).toBe(200);
  });
});
