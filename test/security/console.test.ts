/** Attacks on the console: other sites, other organizations, stolen and guessed sessions. */
import { Agent, fetch as fetchBy } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMINISTRATOR, errorOf, openBrowser, type Browser } from '../console/support.js';
import { createAuthority, type Authority } from '../support/certificates.js';
import { ADMIN_TOKEN, startGate, type TestGate } from '../support/gate.js';
import { exchangeRaw } from '../support/raw.js';
import { administer, createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { until } from '../support/until.js';

const PASSWORD = 'correct horse battery';
const EVIL = 'https://evil.example';

let file: DatabaseFile;
let gate: TestGate;
let secureGate: TestGate;
let authority: Authority;
let logFile: string;

const addUser = (name: string) =>
  administer(gate, 'POST', '/api/users', { name, password: PASSWORD, organization: 'Acme', scopes: ['a'] });

beforeAll(async () => {
  [file, authority] = [await createDatabaseFile(), createAuthority()];
  logFile = join(file.folder, 'gate.log');
  const routes = [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }];
  gate = await startGate({
    tokens: { ...tokensIn(file.database), failed_attempts: { limit: '5 per 1m', cooldown: '10m' } },
    log: { level: 'debug', file: logFile },
    upstreams: { service: 'http://127.0.0.1:9' },
    routes,
  });
  expect((await addUser('dana')).status).toBe(201);
  const { certFile: cert, keyFile: key } = authority.issue('gate');
  secureGate = await startGate({
    admin: { host: '127.0.0.1', port: 0, tls: { cert, key } },
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
  });
});
afterAll(async () => {
  await Promise.all([gate.stop(), secureGate.stop()]);
  authority.close();
  await file.remove();
});

const open = (): Browser => openBrowser(`${gate.adminUrl}/console`);
const asDana = { user: 'dana', password: PASSWORD };

async function signedIn(login: object = ADMINISTRATOR): Promise<Browser> {
  const browser = open();
  await browser.signIn(login);
  return browser;
}

describe('the cookie', () => {
  it('is HttpOnly and SameSite=Strict, and is sent to the API of the console alone', async () => {
    const response = await open().ask('POST', 'session', ADMINISTRATOR);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tollgate_session=[\w.-]+; HttpOnly; SameSite=Strict$/),
    ]);
  });

  it('has the prefix __Host- and Secure with TLS, where one without the prefix is no session', async () => {
    const dispatcher = new Agent({ connect: { ca: authority.cert } });
    const base = `${secureGate.adminUrl.replace('http:', 'https:')}/console/api/session`;
    const signIn = await fetchBy(base, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMINISTRATOR),
      dispatcher,
    });
    const [cookie = ''] = signIn.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-tollgate=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    const value = cookie.split(';')[0]!.split('=')[1]!;
    const statusWith = async (sent: string) =>
      (await fetchBy(base, { headers: { cookie: sent }, dispatcher })).status;
    expect(await statusWith(`__Host-tollgate=${value}`)).toBe(200);
    expect(await statusWith(`tollgate_session=${value}`)).toBe(401);
    await dispatcher.close();
  });

  it('has a new session at each login: one that was planted before is never used', async () => {
    const attacker = await signedIn(asDana);
    const victim = open();
    victim.cookie = attacker.cookie;
    await victim.signIn(ADMINISTRATOR);
    expect(victim.cookie).not.toBe(attacker.cookie);
    // The planted session has ended.
    expect((await attacker.ask('GET', 'session')).status).toBe(401);
    expect(await victim.json('GET', 'session')).toMatchObject({ kind: 'administrator' });
  });

  it('that was signed elsewhere, changed or signed out is 401 at every path', async () => {
    const browser = await signedIn();
    const { cookie } = browser;
    await browser.ask('DELETE', 'session');
    const paths = [
      'session',
      'apps',
      'users',
      'audit',
      'refusals',
      'routes',
      'traffic',
      'overview',
      'scopes',
    ];
    for (const sent of [cookie, `${cookie}x`, 'tollgate_session=', 'tollgate_session=v1.e30.x', ''])
      for (const path of paths)
        expect((await browser.ask('GET', path, undefined, { cookie: sent })).status).toBe(401);
  });
});

describe('a page of another site', () => {
  const CHANGE = ['POST', 'apps', { name: 'X', scopes: ['a'], organization: 'Acme' }] as const;
  it.each([
    ['no CSRF value', { 'x-tollgate-csrf': '' }],
    ['a wrong CSRF value', { 'x-tollgate-csrf': 'A'.repeat(43) }],
    ['another Origin', { origin: EVIL }],
    ['the Origin null', { origin: 'null' }],
    ['another port as Origin', { origin: 'http://127.0.0.1:1' }],
    ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site none', { 'sec-fetch-site': 'none' }],
  ])('cannot change anything: %s is 403', async (_, headers) => {
    const browser = await signedIn();
    expect((await browser.ask(...CHANGE, headers)).status).toBe(403);
    expect(await browser.json('GET', 'apps')).toEqual({ apps: [] });
  });

  it('cannot use the CSRF value of another session', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    expect((await one.ask(...CHANGE, { 'x-tollgate-csrf': other.csrf })).status).toBe(403);
  });

  it('can send no body that is not JSON: 415, and 400 for what is none', async () => {
    const browser = await signedIn();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await browser.ask(...CHANGE, { 'content-type': type })).status).toBe(415);
    const response = await fetch(`${gate.adminUrl}/console/api/apps`, {
      method: 'POST',
      headers: {
        cookie: browser.cookie,
        'x-tollgate-csrf': browser.csrf,
        'content-type': 'application/json',
      },
      body: '{"name": "a secret',
    });
    expect(await errorOf(response)).toBe('400 the body is not JSON');
  });

  it('cannot sign a person in or out', async () => {
    const browser = await signedIn();
    const headers = { origin: EVIL };
    expect((await browser.ask('DELETE', 'session', undefined, headers)).status).toBe(403);
    expect((await browser.ask('POST', 'session', asDana, headers)).status).toBe(403);
    expect(await browser.json('GET', 'session')).toMatchObject({ kind: 'administrator' });
  });

  it('cannot frame the console, read its responses or load code into it', async () => {
    for (const path of ['', 'api/session', 'none', 'icon.svg']) {
      const { headers } = await fetch(`${gate.adminUrl}/console/${path}`);
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'self'; .*frame-ancestors 'none'$/,
      );
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
    const html = await (await fetch(`${gate.adminUrl}/console/`)).text();
    expect(html).not.toMatch(/<script(?![^>]*src=)|style=|\son\w+=|https?:\/\//);
  });

  it('cannot reach it by a name of its own (DNS rebinding): 421', async () => {
    const { port } = new URL(gate.adminUrl);
    for (const path of ['/console/', '/console/api/session', '/']) {
      const response = await exchangeRaw(
        Number(port),
        `GET ${path} HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`,
      );
      expect(response).toMatch(/^HTTP\/1\.1 421 /);
    }
  });
});

describe('a developer', () => {
  it('is refused at the endpoints of administrators: 403', async () => {
    const browser = await signedIn(asDana);
    const requests: [string, string, unknown?][] = [
      ['GET', 'users'],
      ['POST', 'users', { name: 'eve', password: PASSWORD, scopes: ['*'], organization: '' }],
      ['DELETE', 'users/dana'],
      ['GET', 'audit'],
      ['GET', 'cooldowns'],
      ['DELETE', 'cooldowns/x'],
      ['DELETE', 'revocations/x'],
    ];
    for (const [method, path, body] of requests)
      expect([path, (await browser.ask(method, path, body)).status]).toEqual([path, 403]);
  });

  it('sees no address of the network behind the gateway', async () => {
    const browser = await signedIn(asDana);
    await fetch(`${gate.url}/orders`);
    const question = { method: 'GET', url: '/orders' };
    const texts = await Promise.all([
      browser.json('GET', 'routes'),
      browser.json('POST', 'explain', question),
      browser.json('GET', 'refusals'),
      browser.json('GET', 'session'),
      browser.json('GET', 'overview'),
    ]);
    expect(JSON.stringify(texts)).not.toContain('127.0.0.1:9');
    expect(texts[2]).toEqual({ refusals: [] });
  });

  it('is signed out within a second when the user is deleted, and stays so when the name is used again', async () => {
    expect((await addUser('erin')).status).toBe(201);
    const browser = await signedIn({ user: 'erin', password: PASSWORD });
    expect((await administer(gate, 'DELETE', '/api/users/erin')).status).toBe(204);
    await until(async () => (await browser.ask('GET', 'apps')).status === 401, 1000);
    expect((await addUser('erin')).status).toBe(201);
    expect((await browser.ask('GET', 'apps')).status).toBe(401);
    expect((await signedIn({ user: 'erin', password: PASSWORD })).cookie).not.toBe(browser.cookie);
  });
});

describe('a guesser', () => {
  it('of a password is refused for a while, with the right one too', async () => {
    expect((await addUser('frank')).status).toBe(201);
    const statuses = [];
    for (let at = 0; at < 6; at++) {
      const response = await open().ask('POST', 'session', { user: 'frank', password: `wrong ${at}` });
      statuses.push(response.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const right = await open().ask('POST', 'session', { user: 'frank', password: PASSWORD });
    expect([right.status, right.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
  });

  it('of the credential is slowed down, together with the guesses at the admin port', async () => {
    const guess = () => open().ask('POST', 'session', { credential: 'wrong' });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 40 }, guess));
    expect(performance.now() - begun).toBeGreaterThan(500);
    expect((await open().ask('POST', 'session', ADMINISTRATOR)).status).toBe(200);
  });

  it.each([
    {},
    { credential: '' },
    { credential: null },
    { user: 'dana' },
    { user: ['dana'], password: {} },
    [],
  ])('with the login %j is 400 or 401', async (login) => {
    expect([400, 401]).toContain((await open().ask('POST', 'session', login)).status);
  });
});

it('No secret, password, cookie or token is in the log', async () => {
  const browser = await signedIn();
  const canary = `${'e30.'.repeat(2)}canary-token`;
  await browser.ask('POST', 'token', { token: canary });
  await browser.ask('POST', 'explain', { method: 'GET', url: `/orders?token=${canary}`, token: canary });
  const { secret } = await browser.json<{ secret: string }>('POST', 'apps', { name: 'A', scopes: ['a'] });
  const wrong = { user: canary, password: canary };
  expect((await open().ask('POST', 'session', wrong)).status).toBe(401);
  const [value, csrf] = [browser.cookie.split('=')[1]!, browser.csrf];
  expect((await browser.ask('DELETE', 'session')).status).toBe(204);
  const signedOut = /"by":"admin",.*"action":"signed_out","msg":"audit"/;
  await expect.poll(() => readFile(logFile, 'utf8')).toMatch(signedOut);
  const log = await readFile(logFile, 'utf8');
  expect(log).toContain('signed_in');
  // Of the user that failed to sign in, whose name may be a password in the wrong field.
  expect(log).toMatch(
    /"client_ip":"127\.0\.0\.1","endpoint":"console","client_id_hash":"[\w-]{16}","msg":"wrong credentials"/,
  );
  for (const hidden of [ADMIN_TOKEN, PASSWORD, value, csrf, canary, secret])
    expect(log).not.toContain(hidden);
});
