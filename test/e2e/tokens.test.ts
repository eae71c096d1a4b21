/** The token service: a key and secret, or a password, give a token that the gateway accepts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import {
  bearer,
  createDatabaseFile,
  get,
  ISSUER,
  makeApp,
  makeNamed,
  issueToken,
  postForm,
  tokensIn,
  writeConfig,
  type DatabaseFile,
  type MadeApp,
} from '../support/token-gate.js';
import { AUDIENCE } from '../support/tokens.js';
import { runWithInput } from '../support/run-command.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

const PASSWORD = 'correct horse battery staple';
const PAGE = 'https://page.test';

let file: DatabaseFile;
let upstream: EchoUpstream;
let gate: TestGate;
let app: MadeApp;

beforeAll(async () => {
  file = await createDatabaseFile();
  upstream = await startEchoUpstream();
  gate = await startGate({
    tokens: tokensIn(file.database),
    cors: { origins: [PAGE], headers: ['authorization', 'content-type'] },
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read' },
      { match: 'POST /orders', upstream: 'service', scope: 'orders:write' },
      { match: 'GET /by-name', upstream: 'service', scope: 'files_api', issuer: 'named' },
      { match: 'GET /by-app', upstream: 'service', scope: 'files_api' },
      // Its CORS rules are not those of the token service's paths, which it also matches.
      { match: '* /{path*}', upstream: 'service', public: true, cors: { origins: ['https://other.test'] } },
    ],
  });
  app = await makeApp(gate, {
    name: 'Café',
    scopes: ['orders:read', 'files_api'],
    organization: 'Sample Ltd',
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
  await file.remove();
});

async function fieldsOf(response: Response): Promise<Headers> {
  const { rawHeaders } = (await response.json()) as Echo;
  const fields = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) fields.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  return fields;
}

describe('an app', () => {
  it('gets a token for its key and secret, which is accepted within its scopes only', async () => {
    expect((await get(gate, '/orders')).status).toBe(401);
    const token = await issueToken(gate, app);
    const passed = await get(gate, '/orders', token);
    expect(passed.status).toBe(200);
    const fields = await fieldsOf(passed);
    expect(fields.get('x-app-id')).toBe(app.key);
    expect(fields.get('x-app-name')).toBe('Caf%C3%A9');
    expect(fields.get('x-app-organization')).toBe('Sample%20Ltd');
    expect(fields.get('x-token-issuer')).toBe('tokens');
    const beyond = await fetch(`${gate.url}/orders`, { method: 'POST', headers: bearer(token) });
    expect(beyond.status).toBe(403);
  });

  it('may also send key and secret as a form or as JSON, and as OAuth client credentials', async () => {
    const { key, secret } = app;
    const json = await fetch(`${gate.url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key, secret }),
    });
    const form = await postForm(gate, '/auth/token', { key, secret });
    const oauth = await postForm(gate, '/connect/token', {
      grant_type: 'client_credentials',
      client_id: key,
      client_secret: secret,
      scope: 'orders:read',
    });
    for (const response of [json, form, oauth]) {
      expect(response.status).toBe(200);
      const { access_token: token } = (await response.json()) as { access_token: string };
      expect((await get(gate, '/orders', token)).status).toBe(200);
    }
  });

  it('gets the claims of its token from whoami', async () => {
    const response = await get(gate, '/token/whoami', await issueToken(gate, app));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      iss: ISSUER,
      sub: app.key,
      aud: AUDIENCE,
      app_name: 'Café',
      organization: 'Sample Ltd',
      scope: ['orders:read', 'files_api'],
    });
    expect((await get(gate, '/token/whoami')).status).toBe(401);
    expect((await get(gate, '/token/whoami', 'no.good.token')).status).toBe(401);
  });

  it('with a wrong secret, or none, gets an OAuth error and no token', async () => {
    const wrong = await postForm(gate, '/auth/token', { key: app.key, secret: 'wrong' });
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { error: 'invalid_client' }]);
    const none = await postForm(gate, '/auth/token', { key: app.key });
    expect([none.status, await none.json()]).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it('creates a named token, which whoami and the routes of its issuer accept, and no other route', async () => {
    const named = await makeNamed(gate, {
      secret: app.secret,
      name: 'build server',
      description: 'reads files',
      permission: 'files_api',
    });
    const whoami = await get(gate, '/token/whoami', named);
    expect(await whoami.json()).toMatchObject({
      iss: `${ISSUER}/named`,
      aud: 'build server',
      client_id: app.key,
    });
    const passed = await get(gate, '/by-name', named);
    expect(passed.status).toBe(200);
    const fields = await fieldsOf(passed);
    expect(fields.get('x-app-id')).toBe(app.key);
    expect(fields.get('x-token-issuer')).toBe('named');
    expect((await get(gate, '/by-app', named)).status).toBe(401);
    const own = await issueToken(gate, app);
    expect((await get(gate, '/by-app', own)).status).toBe(200);
    expect((await get(gate, '/by-name', own)).status).toBe(401);
  });
});

it('A user added by the command logs in, is admitted, and renews with a refresh token that works once', async () => {
  const config = await writeConfig(file.folder, {
    tokens: tokensIn(file.database),
    log: { level: 'silent' },
  });
  const args = ['users', 'add', 'ada', '--scopes', 'orders:*', '-c', config];
  const added = await runWithInput(args, `${PASSWORD}\n`);
  expect([added.code, added.stderr]).toEqual([0, '']);

  const ask = (body: object) =>
    fetch(`${gate.url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const login = await ask({ username: 'ada', password: PASSWORD });
  expect(login.status).toBe(200);
  const first = (await login.json()) as { token: string; refresh_token: string };
  expect((await get(gate, '/orders', first.token)).status).toBe(200);
  const refreshed = await ask({ refresh_token: first.refresh_token });
  expect(refreshed.status).toBe(200);
  const second = (await refreshed.json()) as { token: string; refresh_token: string };
  expect((await get(gate, '/orders', second.token)).status).toBe(200);
  const again = await ask({ refresh_token: first.refresh_token });
  expect([again.status, await again.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  const wrong = await ask({ username: 'ada', password: 'something else' });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
});

describe('the paths of the token service', () => {
  it.each([
    ['POST', '/%61uth/token', 200],
    ['POST', '/auth/%74oken', 200],
    ['GET', '/auth/token', 405],
    ['DELETE', '/auth/token', 405],
    ['POST', '/AUTH/token', 404],
    ['POST', '/Auth/Token', 404],
    ['POST', '/auth/token/', 404],
    ['POST', '/%41UTH/token', 404],
    ['GET', '/.well-known/JWKS.json', 404],
    ['POST', '/auth//token', 400],
    ['POST', '/x/../auth/token', 400],
    ['POST', '/auth%2ftoken', 404],
  ])('%s %s responds here with %d and never reaches the catch-all', async (method, path, status) => {
    const before = upstream.count();
    // As bytes: fetch would normalise the path.
    const body = `key=${app.key}&secret=${app.secret}`;
    const client = openRaw(
      gate.port,
      `${method} ${path} HTTP/1.1\r\nHost: gate.test\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    await client.ended;
    expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(client.text()).toMatch(/^X-Request-Id: \S+\r$/m);
    expect(upstream.count()).toBe(before);
  });

  it('leave all other paths to the routes', async () => {
    const before = upstream.count();
    expect((await get(gate, '/auth/tokens')).status).toBe(200);
    expect(upstream.count()).toBe(before + 1);
  });
});

it('Every response of the token service has its own request id, and only public ones may be cached', async () => {
  const responses = await Promise.all([
    postForm(gate, '/auth/token', app as never),
    postForm(gate, '/connect/token', { grant_type: 'client_credentials' }),
    postForm(gate, '/token/create', { secret: app.secret }),
    get(gate, '/token/whoami'),
    get(gate, '/.well-known/jwks.json'),
    get(gate, '/.well-known/oauth-authorization-server'),
    postForm(gate, '/revoke', {}),
    postForm(gate, '/introspect', {}),
    get(gate, '/revoke'),
  ]);
  const ids = responses.map(({ headers }) => headers.get('x-request-id'));
  expect(ids.every((id) => id !== null && id !== '')).toBe(true);
  expect(new Set(ids).size).toBe(responses.length);
  const kept = responses.filter(({ headers }) => headers.get('cache-control') !== 'no-store');
  expect(kept.map(({ url }) => new URL(url).pathname)).toEqual([
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
  ]);
});

it('A page of a configured origin may request tokens: preflight, success and error allow it', async () => {
  const preflight = await fetch(`${gate.url}/auth/token`, {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
  for (const secret of [app.secret, 'wrong']) {
    const url = `${gate.url}/auth/token?key=${app.key}&secret=${secret}`;
    const response = await fetch(url, { method: 'POST', headers: { origin: PAGE } });
    expect(response.status).toBe(secret === 'wrong' ? 401 : 200);
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(response.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-request-id');
  }
  const stranger = await fetch(`${gate.url}/auth/token`, {
    method: 'POST',
    headers: { origin: 'https://stranger.test' },
  });
  expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
});

it('An ambiguous query is refused as on a route', async () => {
  const target = `/auth/token?key=${app.key}&secret=${app.secret}#`;
  const client = openRaw(
    gate.port,
    `POST ${target} HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n`,
  );
  await client.until(/^HTTP\/1\.1 400 /);
  client.destroy();
});

it('A body announced by Expect is requested with one 100 Continue, and the response follows', async () => {
  const body = `key=${app.key}&secret=${app.secret}`;
  const client = openRaw(
    gate.port,
    'POST /auth/token HTTP/1.1\r\nHost: gate.test\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
  );
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.send(body);
  await client.ended;
  expect(client.text().match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
});
