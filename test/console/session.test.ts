/** Signing in and out at the console, and what a session shows of the gateway. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { administer, createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { ADMINISTRATOR, errorOf, openBrowser } from './support.js';

const USER = { name: 'dana', password: 'correct horse battery', organization: 'Acme', scopes: ['orders:*'] };
const LOGIN = { user: USER.name, password: USER.password };

let file: DatabaseFile;
let gate: TestGate;

beforeAll(async () => {
  file = await createDatabaseFile();
  gate = await startGate({
    tokens: tokensIn(file.database),
    console: { name: 'Test gate' },
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }],
  });
  expect((await administer(gate, 'POST', '/api/users', USER)).status).toBe(201);
});
afterAll(async () => {
  await gate.stop();
  await file.remove();
});

const browser = () => openBrowser(`${gate.adminUrl}/console`);

describe('api/session', () => {
  it('signs in an administrator by the credential, and shows the state of the gateway', async () => {
    const one = browser();
    expect((await one.ask('GET', 'session')).status).toBe(401);
    const session = await one.signIn(ADMINISTRATOR);
    expect(session).toMatchObject({
      kind: 'administrator',
      name: 'Administrator',
      organization: null,
      scopes: [],
      has_token_service: true,
      gateway: { name: 'Test gate', state: 'ready', problems: [] },
    });
    expect(session.expires_at).toBeGreaterThan(Date.now() / 1000 + 29 * 60);
    expect(await one.json('GET', 'session')).toEqual(session);
  });

  it('signs in a user of the token service as a developer', async () => {
    const one = browser();
    expect(await one.signIn(LOGIN)).toMatchObject({
      kind: 'developer',
      name: 'dana',
      organization: 'Acme',
      scopes: ['orders:*'],
    });
    expect((await one.ask('GET', 'users')).status).toBe(403);
  });

  it('refuses every wrong login with one text', async () => {
    const wrong = [
      { credential: 'not-the-credential' },
      { user: 'dana', password: 'wrong password' },
      { user: 'nobody', password: 'wrong password' },
    ];
    const texts = await Promise.all(
      wrong.map(async (login) => errorOf(await browser().ask('POST', 'session', login))),
    );
    expect(new Set(texts)).toEqual(
      new Set(['401 Signing in failed: the user is unknown, or the password or the credential is wrong']),
    );
  });

  it('signs out: the cookie is deleted, and its value works no more', async () => {
    const one = browser();
    await one.signIn(ADMINISTRATOR);
    const { cookie } = one;
    const response = await one.ask('DELETE', 'session');
    expect([response.status, response.headers.getSetCookie()]).toEqual([
      204,
      ['tollgate_session=; HttpOnly; SameSite=Strict; Max-Age=0'],
    ]);
    expect((await one.ask('GET', 'session', undefined, { cookie })).status).toBe(401);
  });
});

describe('the page', () => {
  it('is below the prefix, to which the port leads', async () => {
    const at = (path: string) => fetch(`${gate.adminUrl}${path}`, { redirect: 'manual' });
    expect((await at('/')).headers.get('location')).toBe('console/');
    expect((await at('/console')).headers.get('location')).toBe('console/');
    const page = await at('/console/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(html)!;
    const asset = await at(`/console/${script}`);
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    const etag = asset.headers.get('etag')!;
    const again = await fetch(asset.url, {
      headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
    });
    expect(again.status).toBe(304);
    const head = await fetch(`${gate.adminUrl}/console/`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(html.length)]);
    expect((await fetch(`${gate.adminUrl}/console/`, { method: 'PUT' })).status).toBe(405);
    expect((await at('/console/assets/none.js')).status).toBe(404);
    expect((await at('/console/..%2f..%2fcli/main.js')).status).toBe(404);
    expect((await at('/console/api/none')).status).toBe(401);
  });
});
