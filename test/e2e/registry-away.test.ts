/**
 * A token registry that is unavailable when the gateway starts: requests that do not need it are served, and
 * the rest as soon as it is available.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../support/command.js';
import { startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import { freePort } from '../support/redis.js';
import { AUDIENCE, createSigningKey, signTexts } from '../support/tokens.js';
import {
  bearer,
  get,
  ISSUER,
  makeApp,
  issueToken,
  postForm,
  tokensIn,
  writeConfig,
} from '../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const LONG = { timeout: 12_000, interval: 20 };

let upstream: EchoUpstream;
let database: OwnDatabase;
let folder: string;
let gate: TestGate | undefined;

beforeAll(async () => {
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'tollgate-registry-away-'));
});

afterEach(async () => {
  await gate?.stop();
  gate = undefined;
});

afterAll(async () => {
  await Promise.all([upstream.close(), database.drop(), rm(folder, { recursive: true })]);
});

/** The database through a proxy port that accepts no connections yet. */
async function lateDatabase() {
  const there = new URL(await database.createSchema());
  const port = await freePort();
  const url = new URL(there);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  return {
    url: url.href,
    async start() {
      server = createServer((near) => {
        const far = connect(Number(there.port), there.hostname);
        for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
        near.pipe(far).pipe(near);
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    stop() {
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const openGate = (url: string): Promise<TestGate> =>
  startGate({
    tokens: tokensIn(url),
    upstreams: { echo: upstream.origin },
    routes: [
      { match: 'GET /open', upstream: 'echo', public: true, limit: 'none' },
      { match: 'GET /orders', upstream: 'echo', scope: 'orders:read' },
    ],
  });

/** Has the form of a Tollgate secret; without the registry its key cannot be checked. */
function tokenInForm(): string {
  const iat = Math.floor(Date.now() / 1000);
  const key = createSigningKey();
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'app',
    scope: ['orders:read'],
    iat,
    exp: iat + 60,
    jti: 'x',
  };
  return signTexts(JSON.stringify({ alg: 'RS256', kid: key.kid }), JSON.stringify(claims), key);
}

const readiness = async (of: TestGate): Promise<number> => (await fetch(`${of.adminUrl}/readyz`)).status;

describe('a gateway whose database is unavailable at its start', () => {
  it('serves what needs no registry, responds to the rest with 503, and is ready soon after the database is available', async () => {
    const late = await lateDatabase();
    gate = await openGate(late.url);
    expect(await readiness(gate)).toBe(503);
    expect((await fetch(`${gate.adminUrl}/healthz`)).status).toBe(200);
    expect((await get(gate, '/open')).status).toBe(200);
    expect((await get(gate, '/orders')).status).toBe(401);

    const refused = await get(gate, '/orders', tokenInForm());
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('www-authenticate')).toBeNull();

    const credentials = { client_id: 'an-app', client_secret: 'secret' };
    const responses = await Promise.all([
      postForm(gate, '/auth/token', { key: 'an-app', secret: 'secret' }),
      postForm(gate, '/connect/token', { grant_type: 'client_credentials', ...credentials }),
      postForm(gate, '/connect/token', { grant_type: 'refresh_token', refresh_token: 'one' }),
      postForm(gate, '/token/create', { secret: 'secret', name: 'n', description: 'd' }),
      postForm(gate, '/introspect', { token: tokenInForm(), ...credentials }),
      postForm(gate, '/revoke', { token: tokenInForm(), ...credentials }),
      get(gate, '/token/whoami', tokenInForm()),
      get(gate, '/.well-known/jwks.json'),
    ]);
    for (const response of responses) {
      expect([response.url, response.status]).toEqual([response.url, 503]);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    }
    expect((await get(gate, '/.well-known/oauth-authorization-server')).status).toBe(200);

    await late.start();
    const begun = performance.now();
    const open = gate;
    await vi.waitFor(async () => expect(await readiness(open)).toBe(200), LONG);
    const tookMs = performance.now() - begun;
    const app = await makeApp(open, { name: 'Late', scopes: ['orders:read'] });
    const token = await issueToken(open, app);
    expect((await get(open, '/orders', token)).status).toBe(200);
    expect((await fetch(`${open.url}/token/whoami`, { headers: bearer(token) })).status).toBe(200);
    expect((await get(open, '/orders', tokenInForm())).status).toBe(401);
    expect(tookMs).toBeLessThan(5_000);
    await open.stop();
    gate = undefined;
    late.stop();
  });

  it('stops at once when asked to', async () => {
    const late = await lateDatabase();
    const waiting = await openGate(late.url);
    const begun = performance.now();
    await waiting.stop();
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('stays closed if the database turns out to have a later version', async () => {
    const late = await lateDatabase();
    await late.start();
    gate = await openGate(late.url);
    await gate.stop();
    const schema = new URL(late.url).searchParams.get('options')?.split('=')[1] ?? '';
    await database.query(`INSERT INTO ${schema}.tollgate_migrations VALUES ('999-later', '2999-01-01')`);
    late.stop();

    gate = await openGate(late.url);
    await late.start();
    const asked = await postForm(gate, '/auth/token', { key: 'an-app', secret: 'secret' });
    expect(asked.status).toBe(503);
    for (let times = 0; times < 20; times++) {
      expect(await readiness(gate)).toBe(503);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await gate.stop();
    gate = undefined;
    late.stop();
  });
});

describe('with a database that is available but unusable,', () => {
  it('a gateway does not start, and reports why in one line', async () => {
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    const nowhere = new URL(await database.createSchema());
    nowhere.pathname = '/there_is_no_such_database';
    for (const [at, words] of [
      [`sqlite:${join(file, 'registry.db')}`, 'no-folder'],
      [nowhere.href, 'there_is_no_such_database'],
    ] as const) {
      const config = await writeConfig(folder, { tokens: tokensIn(at), jwks_cache: false });
      const { code, stderr } = await runCommand(['start', '-c', config]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^tollgate: the registry cannot be opened: [^\n]*\n$/);
      expect(stderr).toContain(words);
    }
  });

  it('no command waits for it', async () => {
    const config = await writeConfig(folder, { tokens: tokensIn((await lateDatabase()).url) });
    const { code, stderr } = await runCommand(['apps', 'list', '-c', config]);
    expect(code).toBe(1);
    expect(stderr).toContain('the registry cannot be opened: connect ECONNREFUSED');
  });
});
