/** The console's API of apps: what an administrator and a developer can do, and what they see. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppDetails, AppLimits, CreatedApp, RotatedSecret } from '../../src/console/api/apps.js';
import type { DebuggedToken } from '../../src/console/api/token.js';
import { startGate, type TestGate } from '../support/gate.js';
import {
  administer,
  createDatabaseFile,
  type DatabaseFile,
  get,
  issueToken,
  makeNamed,
  tokensIn,
} from '../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { ADMINISTRATOR, errorOf, openBrowser, type Browser } from './support.js';

const PASSWORD = 'correct horse battery';
const DANA = { name: 'dana', password: PASSWORD, organization: 'Acme', scopes: ['orders:*'] };

let file: DatabaseFile;
let upstream: EchoUpstream;
let gate: TestGate;
let administrator: Browser;
let developer: Browser;

beforeAll(async () => {
  [file, upstream] = await Promise.all([createDatabaseFile(), startEchoUpstream()]);
  gate = await startGate({
    tokens: tokensIn(file.database),
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: '5 per 1m' },
      { match: 'POST /orders/{id}', upstream: 'service', scope: { any: ['orders:write', 'admin'] } },
      { match: 'GET /files', upstream: 'service', scope: 'files:read', limit: 'none' },
      { match: 'GET /status', upstream: 'service', public: true, limit: 'none' },
    ],
  });
  expect((await administer(gate, 'POST', '/api/users', DANA)).status).toBe(201);
  administrator = openBrowser(`${gate.adminUrl}/console`);
  developer = openBrowser(`${gate.adminUrl}/console`);
  await administrator.signIn(ADMINISTRATOR);
  await developer.signIn({ user: 'dana', password: PASSWORD });
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
  await file.remove();
});

const NEW = { name: 'Shop', organization: 'Acme', scopes: ['orders:read'] };

describe('api/apps', () => {
  it('creates, shows, changes, rotates and deletes an app; the secret is in two responses alone', async () => {
    const created = await developer.json<CreatedApp>('POST', 'apps', NEW);
    const { app, secret } = created;
    expect(created).toMatchObject({
      app: { ...NEW, owner: 'dana', last_used_at: null, old_secret_until: null, named_tokens: [] },
      origin: 'https://api.gate.test',
      token_endpoint: { grant: 'key_secret', path: '/auth/token' },
      example_path: '/orders',
    });
    const token = await issueToken(gate, { key: app.key, secret });
    expect((await get(gate, '/orders', token)).status).toBe(200);

    const path = `apps/${app.key}`;
    const { apps } = await developer.json<{ apps: AppDetails[] }>('GET', 'apps');
    expect(apps.map(({ key }) => key)).toContain(app.key);
    expect(await developer.json('PATCH', path, { name: 'Renamed' })).toMatchObject({ name: 'Renamed' });
    const rotated = await developer.json<RotatedSecret>('POST', `${path}/rotate`, { overlap_s: 3600 });
    expect(rotated.old_secret_until).toBeGreaterThan(Date.now() / 1000 + 3500);
    const details = JSON.stringify(await developer.json('GET', path));
    for (const hidden of [secret, rotated.secret]) expect(details).not.toContain(hidden);

    expect(await developer.json('DELETE', path)).toEqual({
      key: app.key,
      gateways: { reached: 1, total: 1 },
    });
    expect((await get(gate, '/orders', token)).status).toBe(401);
    expect((await developer.ask('GET', path)).status).toBe(404);
  });

  it('has what is left of the limits of an app', async () => {
    const { app, secret } = await administrator.json<CreatedApp>('POST', 'apps', NEW);
    const token = await issueToken(gate, { key: app.key, secret });
    await get(gate, '/orders', token);
    const { endpoints } = await developer.json<AppLimits>('GET', `apps/${app.key}/limits`);
    expect(endpoints).toEqual([
      {
        endpoint: 'GET /orders',
        limits: [
          {
            name: null,
            by: 'app',
            limit: 5,
            window_s: 60,
            used: 1,
            remaining: 4,
            reset: expect.any(Number) as number,
          },
        ],
      },
    ]);
  });

  it('lists the scopes that the actor may grant, with the routes that each opens', async () => {
    const all = [
      { scope: 'admin', opens: ['POST /orders/{id}'] },
      { scope: 'files:read', opens: ['GET /files'] },
      { scope: 'orders:read', opens: ['GET /orders'] },
      { scope: 'orders:write', opens: ['POST /orders/{id}'] },
    ];
    expect(await administrator.json('GET', 'scopes')).toEqual({ scopes: all });
    expect(await developer.json('GET', 'scopes')).toEqual({
      scopes: all.filter(({ scope }) => scope.startsWith('orders:')),
    });
  });

  it('does not show a developer the apps of another organization: each request is 404', async () => {
    const other = { ...NEW, organization: 'Other' };
    const { app, secret } = await administrator.json<CreatedApp>('POST', 'apps', other);
    const path = `apps/${app.key}`;
    const requests: [string, string, unknown?][] = [
      ['GET', path],
      ['PATCH', path, { name: 'Mine' }],
      ['DELETE', path],
      ['POST', `${path}/rotate`, {}],
      ['GET', `${path}/limits`],
      ['GET', `named-tokens?app=${app.key}`],
      ['POST', 'revocations', { app: app.key }],
    ];
    for (const [method, at, body] of requests) {
      const response = await developer.ask(method, at, body);
      expect([method, at, response.status]).toEqual([method, at, 404]);
    }
    const { apps } = await developer.json<{ apps: AppDetails[] }>('GET', 'apps');
    expect(apps.map(({ key }) => key)).not.toContain(app.key);
    // Nothing was changed.
    const token = await issueToken(gate, { key: app.key, secret });
    expect(await administrator.json('GET', path)).toMatchObject({ name: 'Shop', old_secret_until: null });

    const explained = await developer.ask('POST', 'explain', { method: 'GET', url: '/orders', token });
    expect(await errorOf(explained)).toBe('403 The token is of an app that is not of your organization');
    const debugged = await developer.ask('POST', 'token', { token });
    expect(await errorOf(debugged)).toBe('403 The token is of an app that is not of your organization');
    // What is refused is of no app: which check fails may be asked by anyone who holds it.
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    expect(await developer.json('POST', 'token', { token: forged })).toMatchObject({
      accepted: false,
      app: null,
    });
    expect(await administrator.json('POST', 'token', { token })).toMatchObject({
      accepted: true,
      app: app.key,
    });
  });

  it('lists the named tokens, and revokes one for a developer of the organization alone', async () => {
    const { app, secret } = await developer.json<CreatedApp>('POST', 'apps', NEW);
    const form = { secret, description: 'for a test' };
    const kept = await makeNamed(gate, { ...form, name: 'kept' });
    const ended = await makeNamed(gate, { ...form, name: 'ended' });
    const statuses = async (): Promise<number[]> =>
      Promise.all([kept, ended].map(async (token) => (await get(gate, '/token/whoami', token)).status));
    expect(await statuses()).toEqual([200, 200]);
    const tokens = async () => (await developer.json<AppDetails>('GET', `apps/${app.key}`)).named_tokens;
    const id = (await tokens()).find(({ name }) => name === 'ended')!.id;

    const stranger = openBrowser(`${gate.adminUrl}/console`);
    const other = { ...DANA, name: 'otto', organization: 'Other' };
    expect((await administer(gate, 'POST', '/api/users', other)).status).toBe(201);
    await stranger.signIn({ user: 'otto', password: PASSWORD });
    expect((await stranger.ask('POST', 'revocations', { token: id })).status).toBe(404);
    expect((await tokens()).map(({ name, revoked }) => [name, revoked])).toEqual([
      ['kept', false],
      ['ended', false],
    ]);

    expect((await developer.ask('POST', 'revocations', { token: id })).status).toBe(201);
    expect((await tokens()).map(({ name, revoked }) => [name, revoked])).toEqual([
      ['kept', false],
      ['ended', true],
    ]);
    expect(await statuses()).toEqual([200, 401]);
    // A revocation of the app ends the other one too, until it is undone.
    await administrator.json('POST', 'revocations', { app: app.key });
    expect((await tokens()).map(({ revoked }) => revoked)).toEqual([true, true]);
  });

  it('does not list named tokens that a change of the app has ended', async () => {
    const { app, secret } = await administrator.json<CreatedApp>('POST', 'apps', NEW);
    const names = async () =>
      (await administrator.json<AppDetails>('GET', `apps/${app.key}`)).named_tokens.map(({ name }) => name);
    const before = await makeNamed(gate, { secret, name: 'before', description: 'for a test' });
    expect(await names()).toEqual(['before']);
    await administrator.json('PATCH', `apps/${app.key}`, { organization: 'Other' });
    expect((await get(gate, '/token/whoami', before)).status).toBe(401);
    const after = await makeNamed(gate, { secret, name: 'after', description: 'for a test' });
    expect((await get(gate, '/token/whoami', after)).status).toBe(200);
    expect(await names()).toEqual(['after']);
  });

  it('grants no scope beyond those of the developer, and no other organization', async () => {
    const asked = [
      { ...NEW, scopes: ['files:read'] },
      { ...NEW, scopes: ['*'] },
      { ...NEW, organization: 'Other' },
    ];
    for (const body of asked) expect((await developer.ask('POST', 'apps', body)).status).toBe(403);
  });
});

describe('api/token', () => {
  it('says what a token opens and why the other routes are closed, with what is left of its limits', async () => {
    const { app, secret } = await developer.json<CreatedApp>('POST', 'apps', NEW);
    const token = await issueToken(gate, { key: app.key, secret });
    const debugged = await developer.json<DebuggedToken>('POST', 'token', { token });
    expect(debugged).toMatchObject({
      header: { alg: 'RS256' },
      payload: { sub: app.key },
      accepted: true,
      issuer: 'tokens',
      app: app.key,
      scopes: ['orders:read'],
      limits: [{ endpoint: 'GET /orders', limits: [{ remaining: 5 }] }],
    });
    expect(debugged.checks.map(({ result }) => result)).not.toContain('failed');
    expect(debugged.opens.map(({ route, open, reason }) => [route, open, reason])).toEqual([
      ['GET /orders', true, null],
      [
        'POST /orders/{id}',
        false,
        'scope orders:write: the token does not have it; scope admin: the token does not have it',
      ],
      ['GET /files', false, 'scope files:read: the token does not have it'],
      ['GET /status', true, null],
    ]);
  });

  it('says which check a token fails, and shows what it says; neither is in an error', async () => {
    const { app, secret } = await developer.json<CreatedApp>('POST', 'apps', NEW);
    const [header, payload] = (await issueToken(gate, { key: app.key, secret })).split('.');
    const forged = await developer.json<DebuggedToken>('POST', 'token', {
      token: `${header}.${payload}.${'A'.repeat(342)}`,
    });
    expect(forged).toMatchObject({ accepted: false, payload: { sub: app.key }, app: null, limits: [] });
    expect(forged.checks.find(({ result }) => result === 'failed')?.name).toBe('signature');
    const noToken = await developer.json<DebuggedToken>('POST', 'token', { token: 'no-token' });
    expect(noToken).toMatchObject({ header: null, payload: null, accepted: false });
    const spaced = await developer.ask('POST', 'token', { token: 'a secret' });
    expect(await errorOf(spaced)).not.toContain('secret');
  });
});
