/** The apps API of the admin port: the response of each of its resources, and who may use it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startGate, type TestGate } from '../support/gate.js';
import {
  administer,
  createDatabaseFile,
  get,
  makeApp,
  issueToken,
  postForm,
  tokensIn,
  type DatabaseFile,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

let file: DatabaseFile;
let upstream: EchoUpstream;
let outside: TestIssuer;
let gate: TestGate;

beforeAll(async () => {
  [file, upstream, outside] = await Promise.all([
    createDatabaseFile(),
    startEchoUpstream(),
    createTestIssuer(),
  ]);
  gate = await startGate({
    tokens: tokensIn(file.database),
    issuers: { outside: { issuer: outside.iss, jwks: outside.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    upstreams: { service: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }],
  });
});

afterAll(async () => {
  await gate.stop();
  await Promise.all([upstream.close(), outside.close()]);
  await file.remove();
});

const ask = (method: string, path: string, body?: unknown) => administer(gate, method, path, body);
const ORDERS = { name: 'Sample', scopes: ['orders:*'] };

describe('the credential', () => {
  it.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['the right one with more behind it', `Bearer ${ADMIN_TOKEN}x`],
    ['a part of the right one', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`],
    ['the right one under another scheme', `Basic ${ADMIN_TOKEN}`],
    ['the right one without a scheme', ADMIN_TOKEN],
  ])('is required: %s is 401 everywhere, and nothing is changed', async (_what, authorization) => {
    const { key } = await makeApp(gate, ORDERS);
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
    for (const [method, path, body] of [
      ['GET', '/api/apps'],
      ['POST', '/api/apps', JSON.stringify(ORDERS)],
      ['POST', '/api/apps', 'no JSON'],
      ['GET', `/api/apps/${key}`],
      ['DELETE', `/api/apps/${key}`],
      ['POST', `/api/apps/${key}/rotate`],
      ['POST', '/api/revocations', JSON.stringify({ app: key })],
      ['GET', '/api/anything'],
    ] as const) {
      const response = await fetch(`${gate.adminUrl}${path}`, { method, headers, ...(body && { body }) });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="tollgate-admin"');
      expect(await response.text()).not.toContain(key);
    }
    expect((await ask('GET', `/api/apps/${key}`)).status).toBe(200);
  });

  it('is not accepted at the public port', async () => {
    expect((await get(gate, '/api/apps', ADMIN_TOKEN)).status).toBe(404);
  });
});

describe('an app', () => {
  it('is made with a key and a secret, which is shown only once', async () => {
    const owner = { uid: '7', uname: 'ada', uavatar: 'https://pictures.test/7' };
    const request = { ...ORDERS, organization: 'Sample Ltd', owner };
    const made = await ask('POST', '/api/apps', request);
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { secret, ...app } = (await made.json()) as { key: string; secret: string };
    expect(app).toMatchObject(request);
    expect(app.key).toMatch(/^\S{16,}$/);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);

    const one = await ask('GET', `/api/apps/${app.key}`);
    expect([one.status, await one.json()]).toEqual([200, app]);
    const all = await ask('GET', '/api/apps');
    expect(all.status).toBe(200);
    const text = await all.text();
    expect((JSON.parse(text) as { apps: unknown[] }).apps).toContainEqual(app);
    expect(text).not.toContain(secret);
  });

  it('may have an owner by name only, whose name is then the id', async () => {
    for (const owner of ['ada', { uname: 'ada' }]) {
      const made = await ask('POST', '/api/apps', { ...ORDERS, owner });
      expect([made.status, await made.json()]).toMatchObject([
        201,
        { owner: { uid: 'ada', uname: 'ada', uavatar: '' } },
      ]);
    }
  });

  it('gets another secret, and the old one is refused from then on', async () => {
    const app = await makeApp(gate, ORDERS);
    const rotated = await ask('POST', `/api/apps/${app.key}/rotate`);
    expect(rotated.status).toBe(200);
    const { key, secret } = (await rotated.json()) as typeof app;
    expect(key).toBe(app.key);
    expect(secret).not.toBe(app.secret);
    expect((await postForm(gate, '/auth/token', { ...app })).status).toBe(401);
    expect((await postForm(gate, '/auth/token', { key, secret })).status).toBe(200);
  });

  it('that is deleted is gone, and so are its tokens', async () => {
    const app = await makeApp(gate, ORDERS);
    const token = await issueToken(gate, app);
    expect((await get(gate, '/orders', token)).status).toBe(200);
    const deleted = await ask('DELETE', `/api/apps/${app.key}`);
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    await expect.poll(async () => (await get(gate, '/orders', token)).status, { timeout: 1000 }).toBe(401);
    expect((await ask('GET', `/api/apps/${app.key}`)).status).toBe(404);
    expect((await postForm(gate, '/auth/token', { ...app })).status).toBe(401);
  });

  it.each([
    ['GET', '/api/apps/unknown'],
    ['DELETE', '/api/apps/unknown'],
    ['POST', '/api/apps/unknown/rotate'],
    ['PUT', '/api/apps/unknown'],
    ['GET', '/api/unknown'],
  ])('that does not exist is 404: %s %s', async (method, path) => {
    const response = await ask(method, path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) as string }] });
  });

  it.each([
    ['no name', { scopes: ['a'] }, /"name" must be a string/],
    [
      'a name of blanks',
      { ...ORDERS, name: ' ' },
      /"name" must not be empty: give it at least one character/,
    ],
    [
      'a name that shows nothing',
      { ...ORDERS, name: '\u200b \u3164' },
      /at least one character that can be seen/,
    ],
    ['a name that is written backwards', { ...ORDERS, name: 'a\u202eb' }, /reverse its direction: U\+202E/],
    ['a name that is no text', { ...ORDERS, name: 7 }, /"name" must be a string/],
    ['a name with a line break', { ...ORDERS, name: 'a\nb' }, /control characters/],
    [
      'a name that is too long',
      { ...ORDERS, name: 'n'.repeat(1000) },
      /has 1000 characters; at most 256 are/,
    ],
    ['an owner that is written backwards', { ...ORDERS, owner: 'a\u2067b' }, /owner must not .* U\+2067/],
    ['no scopes', { name: 'Sample' }, /"scopes" must be a list/],
    ['an empty list of scopes', { ...ORDERS, scopes: [] }, /at least one scope/],
    ['scopes that are a text', { ...ORDERS, scopes: 'a b' }, /"scopes" must be a list/],
    ['a scope that is none', { ...ORDERS, scopes: ['a b'] }, /"scopes" must be a list/],
    ['a scope that is no text', { ...ORDERS, scopes: [7] }, /"scopes" must be a list/],
    ['an organization that is no text', { ...ORDERS, organization: {} }, /"organization" must be a string/],
    ['an empty owner', { ...ORDERS, owner: '' }, /"owner" must not be empty/],
    ['an owner without a name', { ...ORDERS, owner: { uid: '7' } }, /"owner\.uname" must be a string/],
    ['an owner whose id is no text', { ...ORDERS, owner: { uname: 'a', uid: 7 } }, /"owner\.uid" must be/],
    ['a picture that is no text', { ...ORDERS, owner: { uname: 'a', uavatar: 7 } }, /"owner\.uavatar" must/],
    ['an owner that is a list', { ...ORDERS, owner: ['ada'] }, /object/],
    ['an unknown key of the owner', { ...ORDERS, owner: { uname: 'a', mail: 'b' } }, /unknown key "mail"/],
    ['an unknown key', { ...ORDERS, secret: 'mine' }, /unknown key "secret"/],
    ['a list', [ORDERS], /must be a JSON object/],
    ['a text', 'Sample', /JSON/],
    ['nothing', undefined, /"scopes" must be a list/],
  ])('is not created from %s: 400, with a message', async (_what, body, message) => {
    const response = await ask('POST', '/api/apps', body);
    const { errors } = (await response.json()) as { errors: { code: number; message: string }[] };
    expect([response.status, errors[0]?.code]).toEqual([400, 400]);
    expect(errors[0]?.message).toMatch(message);
  });

  it('is not created from a body that is no JSON, has another type, or is too large', async () => {
    const send = (body: string, type = 'application/json') =>
      fetch(`${gate.adminUrl}/api/apps`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type },
        body,
      });
    const count = async () => ((await (await ask('GET', '/api/apps')).json()) as { apps: [] }).apps.length;
    const before = await count();
    expect((await send('{"name":')).status).toBe(400);
    expect((await send(JSON.stringify(ORDERS), 'text/plain')).status).toBe(400);
    expect((await send(JSON.stringify({ ...ORDERS, name: 'n'.repeat(70_000) }))).status).toBe(413);
    expect(await count()).toBe(before);
  });
});

describe('a revocation', () => {
  const refused = (token: string) =>
    expect.poll(async () => (await get(gate, '/orders', token)).status, { timeout: 1000 }).toBe(401);

  it('refuses an app of an external issuer, at that issuer only', async () => {
    const token = outside.sign({ sub: 'app-1', scope: 'orders:read' });
    const other = outside.sign({ sub: 'app-2', scope: 'orders:read' });
    const elsewhere = await ask('POST', '/api/revocations', { app: 'app-1', issuer: 'tokens' });
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([
      201,
      { app: 'app-1', issuer: 'tokens' },
    ]);
    expect((await get(gate, '/orders', token)).status).toBe(200);
    const response = await ask('POST', '/api/revocations', { app: 'app-1', issuer: 'outside' });
    expect([response.status, await response.json()]).toMatchObject([
      201,
      { app: 'app-1', issuer: 'outside' },
    ]);
    await refused(token);
    expect((await get(gate, '/orders', other)).status).toBe(200);
  });

  it('without an issuer applies at every issuer', async () => {
    const app = await makeApp(gate, ORDERS);
    const tokens = [await issueToken(gate, app), outside.sign({ sub: app.key, scope: 'orders:read' })];
    for (const token of tokens) expect((await get(gate, '/orders', token)).status).toBe(200);
    const response = await ask('POST', '/api/revocations', { app: app.key });
    expect([response.status, await response.json()]).toMatchObject([201, { app: app.key }]);
    for (const token of tokens) await refused(token);
  });

  it.each([
    ['an issuer that the file does not name', { app: 'app-1', issuer: 'nobody' }, /unknown issuer "nobody"/],
    ['an issuer that is no text', { app: 'app-1', issuer: null }, /"issuer" must be a string/],
    ['no app', { issuer: 'outside' }, /"app" must be a string/],
    ['an empty app', { app: '' }, /"app" must not be empty/],
    ['an unknown key', { app: 'app-1', jti: 'x' }, /unknown key "jti"/],
    ['both', { app: 'app-1', token: 'x' }, /either "app" or "token"/],
    ['a list', ['app-1'], /must be a JSON object/],
    ['nothing', undefined, /"app" must be a string/],
  ])('is not created from %s: 400, with a message', async (_what, body, message) => {
    const response = await ask('POST', '/api/revocations', body);
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect(response.status).toBe(400);
    expect(errors[0]?.message).toMatch(message);
  });
});

it('Without a token service there are no apps, and without Redis too there is no apps API at all', async () => {
  const bare = await startGate({
    upstreams: { service: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
  });
  expect((await administer(bare, 'GET', '/api/apps')).status).toBe(404);
  expect((await administer(bare, 'POST', '/api/revocations', { app: 'app-1' })).status).toBe(404);
  await bare.stop();
});
