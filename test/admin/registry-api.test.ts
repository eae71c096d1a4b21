/** The rest of the apps API of the admin port: changes, rotations, revocations, users and cooldowns over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import {
  administer,
  createDatabaseFile,
  get,
  issueToken,
  makeApp,
  makeNamed,
  postForm,
  tokensIn,
  type DatabaseFile,
} from '../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

const ORDERS = { name: 'Sample', scopes: ['orders:read', 'files_api'] };
const PASSWORD = 'correct horse battery staple';

let file: DatabaseFile;
let upstream: EchoUpstream;
let gate: TestGate;

beforeAll(async () => {
  [file, upstream] = await Promise.all([createDatabaseFile(), startEchoUpstream()]);
  gate = await startGate({
    tokens: { ...tokensIn(file.database), failed_attempts: { limit: '3 per 1m', cooldown: '10m' } },
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: 'none' },
      { match: 'GET /files', upstream: 'service', scope: 'files_api', issuer: 'named', limit: 'none' },
    ],
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
  await file.remove();
});

const ask = (method: string, path: string, body?: unknown) => administer(gate, method, path, body);

async function askJson(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await ask(method, path, body);
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Record<string, unknown>;
}

async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as { errors: { message: string }[] }).errors[0]!.message;
}

const login = (username: string, password: string) =>
  fetch(`${gate.url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });

describe('PATCH /api/apps/{key}', () => {
  it('that narrows the scopes refuses the tokens of before within a second, named ones too; new ones work', async () => {
    const app = await makeApp(gate, ORDERS);
    const named = await makeNamed(gate, {
      secret: app.secret,
      name: 'n',
      description: 'd',
      permission: 'files_api',
    });
    const token = await issueToken(gate, app);
    expect([(await get(gate, '/orders', token)).status, (await get(gate, '/files', named)).status]).toEqual([
      200, 200,
    ]);
    const changed = await askJson('PATCH', `/api/apps/${app.key}`, { scopes: ['files_api'] });
    expect(changed).toMatchObject({ key: app.key, scopes: ['files_api'], tokens_revoked: true });
    const statusOf = async (path: string, of: string) => (await get(gate, path, of)).status;
    await until(async () => (await statusOf('/orders', token)) === 401, 1000);
    await until(async () => (await statusOf('/files', named)) === 401, 1000);

    // Not 401: the new token is valid, and does not have the scope.
    expect(await statusOf('/orders', await issueToken(gate, app))).toBe(403);
    const form = { secret: app.secret, name: 'n', description: 'd', permission: 'files_api' };
    expect(await statusOf('/files', await makeNamed(gate, form))).toBe(200);

    const widened = await askJson('PATCH', `/api/apps/${app.key}`, { scopes: ['orders:*', 'files_api'] });
    expect(widened).toMatchObject({ tokens_revoked: false });
    expect(await statusOf('/orders', await issueToken(gate, app))).toBe(200);
    expect(await statusOf('/orders', token)).toBe(401);
  });

  it('changes the claims of new tokens, and keeps the others unless the organization changes', async () => {
    const app = await makeApp(gate, ORDERS);
    const before = await issueToken(gate, app);
    const renamed = await askJson('PATCH', `/api/apps/${app.key}`, { name: 'Renamed' });
    expect(renamed).toMatchObject({ name: 'Renamed', tokens_revoked: false });
    expect((await get(gate, '/orders', before)).status).toBe(200);
    const moved = await askJson('PATCH', `/api/apps/${app.key}`, { organization: 'Acme' });
    expect(moved).toMatchObject({ organization: 'Acme', tokens_revoked: true });
    await until(async () => (await get(gate, '/orders', before)).status === 401, 1000);
    const whoami = await get(gate, '/token/whoami', await issueToken(gate, app));
    expect(await whoami.json()).toMatchObject({ app_name: 'Renamed', organization: 'Acme' });
    const left = await askJson('PATCH', `/api/apps/${app.key}`, { organization: null });
    expect(left).not.toHaveProperty('organization');
  });

  it.each([
    ['an unknown key', { secret: 'x' }, 400, 'unknown key "secret"'],
    ['nothing', {}, 400, 'give a name, scopes or an organization'],
    ['no body', undefined, 400, 'give a name, scopes or an organization'],
    ['a list', [{ name: 'x' }], 400, 'must be a JSON object'],
    ['scopes that are a text', { scopes: 'a' }, 400, '"scopes" must be a list'],
    ['no scopes', { scopes: [] }, 400, 'at least one scope'],
    ['an organization that is no text', { organization: 7 }, 400, '"organization" must be a string'],
  ])('with %s is refused with a message, and changes nothing', async (_, body, status, message) => {
    const { key } = await makeApp(gate, ORDERS);
    const response = await ask('PATCH', `/api/apps/${key}`, body);
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toContain(message);
    expect(await askJson('GET', `/api/apps/${key}`)).toMatchObject(ORDERS);
  });

  it('of an unknown app is 404', async () => {
    expect((await ask('PATCH', '/api/apps/unknown', { name: 'x' })).status).toBe(404);
  });
});

describe('POST /api/apps/{key}/rotate', () => {
  it('with an overlap accepts both secrets, and says until when', async () => {
    const app = await makeApp(gate, ORDERS);
    const rotated = await askJson('POST', `/api/apps/${app.key}/rotate`, { overlap: '1h' });
    const { secret, previous_secret_until } = rotated as Record<string, string>;
    expect(Date.parse(previous_secret_until!)).toBeGreaterThan(Date.now());
    for (const each of [app.secret, secret!])
      expect((await postForm(gate, '/auth/token', { key: app.key, secret: each })).status).toBe(200);
    const view = JSON.stringify(await askJson('GET', `/api/apps/${app.key}`));
    expect(view).toContain(previous_secret_until);
    for (const each of [app.secret, secret!]) expect(view).not.toContain(each);
  });

  it.each([
    ['a longer overlap than 30 days', { overlap: '31d' }, 'at most 30d'],
    ['an overlap that is a number', { overlap: 60 }, '"overlap" must be a string'],
    ['an unknown key', { secret: 'mine' }, 'unknown key "secret"'],
  ])('with %s is refused, and the secret stays', async (_, body, message) => {
    const app = await makeApp(gate, ORDERS);
    const response = await ask('POST', `/api/apps/${app.key}/rotate`, body);
    expect([response.status, await errorOf(response)]).toEqual([400, expect.stringContaining(message)]);
    expect((await postForm(gate, '/auth/token', { ...app })).status).toBe(200);
  });
});

it('GET /api/apps/{key} has when the app was created and when it last got a token', async () => {
  const app = await makeApp(gate, ORDERS);
  const before = await askJson('GET', `/api/apps/${app.key}`);
  expect(before['created']).toMatch(/^\d{4}-.*Z$/);
  expect(before).not.toHaveProperty('last_used');
  await issueToken(gate, app);
  await until(async () => 'last_used' in (await askJson('GET', `/api/apps/${app.key}`)));
});

describe('/api/revocations', () => {
  it('lists revocations, the newest first, and undoes that of an app', async () => {
    const app = await makeApp(gate, ORDERS);
    const token = await issueToken(gate, app);
    const made = await askJson('POST', '/api/revocations', { app: app.key, issuer: 'tokens' });
    await until(async () => (await get(gate, '/orders', token)).status === 401, 1000);
    const listed = await askJson('GET', '/api/revocations?limit=1');
    expect(listed).toEqual({
      revocations: [
        {
          id: made['id'],
          kind: 'app',
          subject: app.key,
          issuer: 'tokens',
          cause: 'revoked',
          revoked: expect.stringMatching(/Z$/) as string,
        },
      ],
      total: expect.any(Number) as number,
    });
    const path = `/api/revocations/${String(made['id'])}`;
    expect((await ask('DELETE', path)).status).toBe(204);
    await until(async () => (await get(gate, '/orders', token)).status === 200, 1000);
    expect((await ask('DELETE', path)).status).toBe(404);
  });

  it('undoes no deletion: 409 with the reason', async () => {
    const app = await makeApp(gate, ORDERS);
    await ask('DELETE', `/api/apps/${app.key}`);
    const { revocations } = (await askJson('GET', '/api/revocations?limit=1000')) as {
      revocations: { id: string; subject: string }[];
    };
    const { id } = revocations.find(({ subject }) => subject === app.key)!;
    const response = await ask('DELETE', `/api/revocations/${id}`);
    expect([response.status, await errorOf(response)]).toEqual([
      409,
      expect.stringContaining('only the revocation of an app can be undone'),
    ]);
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'app=x'])(
    'has no list for ?%s: 400',
    async (query) => {
      expect((await ask('GET', `/api/revocations?${query}`)).status).toBe(400);
    },
  );
});

describe('/api/users', () => {
  it('adds, lists and deletes users, who can log in with the password, which no response has', async () => {
    const request = { name: 'ada', password: PASSWORD, scopes: ['orders:read'], organization: 'Acme' };
    const added = await ask('POST', '/api/users', request);
    expect(added.status).toBe(201);
    const listed = await ask('GET', '/api/users');
    const [one, all] = [await added.text(), await listed.text()];
    const { name, scopes, organization } = request;
    expect(JSON.parse(all)).toMatchObject({ users: [{ name, scopes, organization }] });
    for (const text of [one, all]) expect(text).not.toMatch(/scrypt|correct horse/);
    expect((await login('ada', PASSWORD)).status).toBe(200);
    expect((await ask('POST', '/api/users', request)).status).toBe(409);
    expect((await ask('DELETE', '/api/users/ada')).status).toBe(204);
    expect((await ask('DELETE', '/api/users/ada')).status).toBe(404);
    expect((await login('ada', PASSWORD)).status).toBe(400);
  });

  it.each([
    ['a short password', { name: 'eve', password: 'short' }, 'at least 8 characters'],
    ['no password', { name: 'eve' }, '"password" must be a string'],
    ['no name', { password: PASSWORD }, '"name" must be a string'],
    ['scopes that are a text', { name: 'eve', password: PASSWORD, scopes: 'a' }, '"scopes" must be a list'],
    ['an unknown key', { name: 'eve', password: PASSWORD, admin: true }, 'unknown key "admin"'],
  ])('adds no user with %s: 400, and the message has no password', async (_, body, message) => {
    const response = await ask('POST', '/api/users', body);
    const text = await errorOf(response);
    expect([response.status, text]).toEqual([400, expect.stringContaining(message)]);
    expect(text).not.toContain(PASSWORD);
  });
});

it('/api/cooldowns lists a client that is refused, and ends its cooldown, so that its right secret works', async () => {
  const app = await makeApp(gate, ORDERS);
  const issue = async (secret: string) =>
    (await postForm(gate, '/auth/token', { key: app.key, secret })).status;
  for (let i = 0; i < 3; i++) expect(await issue('wrong')).toBe(401);
  expect(await issue(app.secret)).toBe(429);
  const listed = (await askJson('GET', '/api/cooldowns')) as { cooldowns: { id: string }[] };
  expect(listed.cooldowns).toMatchObject([
    { kind: 'pair', endpoint: 'key_secret', network: '127.0.0.1', app: app.key },
  ]);
  const { id } = listed.cooldowns[0]!;
  expect((await ask('DELETE', `/api/cooldowns/${id}`)).status).toBe(204);
  expect(await issue(app.secret)).toBe(200);
  expect((await ask('DELETE', `/api/cooldowns/${id}`)).status).toBe(404);
  expect(await askJson('GET', '/api/cooldowns')).toEqual({ cooldowns: [] });
});

it.each([
  ['PATCH', '/api/apps/x'],
  ['GET', '/api/revocations'],
  ['DELETE', '/api/revocations/x'],
  ['GET', '/api/users'],
  ['POST', '/api/users'],
  ['DELETE', '/api/users/x'],
  ['GET', '/api/cooldowns'],
  ['DELETE', '/api/cooldowns/x'],
])('%s %s without the credential is 401', async (method, path) => {
  expect((await fetch(`${gate.adminUrl}${path}`, { method })).status).toBe(401);
});
