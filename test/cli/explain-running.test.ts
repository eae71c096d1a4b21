/** `tollgate explain` with a gateway that runs: its explanation, the reasons for none, and the refusals by their ids. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explanation.js';
import type { ExplainedRefusal } from '../../src/telemetry/refusal-json.js';
import { runCommand, startCommand, type Result, type RunningCommand } from '../support/command.js';
import { runHere } from '../support/run-command.js';
import { ADMIN_TOKEN } from '../support/gate.js';
import { freePort } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

const SLOW_MS = 60_000;
let folder: string;
let file: string;
let issuer: TestIssuer;
let down: TestIssuer;
let upstream: EchoUpstream;
let gate: RunningCommand;
let url: string;
let adminPort: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-explain-'));
  [issuer, down, upstream] = await Promise.all([createTestIssuer(), createTestIssuer(), startEchoUpstream()]);
  down.breakWith(500);
  adminPort = await freePort();
  file = join(folder, 'gateway.yaml');
  const main = { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] };
  const config = {
    listen: '127.0.0.1:0',
    admin: `127.0.0.1:${adminPort}`,
    jwks_cache: false,
    drain_timeout: '1s',
    issuers: { main, down: { ...main, issuer: down.iss, jwks: down.jwksUrl } },
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: '1 per 5m' },
      {
        match: 'GET /teams/{team}',
        upstream: 'service',
        scope: 'none',
        require: [{ claim: 'team', is: '{team}' }],
      },
    ],
  };
  await writeFile(file, JSON.stringify(config, null, 1));
  gate = startCommand(['start', '-c', file], { cwd: folder, env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN } });
  const [line] = await gate.until(/^.*gateway started.*$/m);
  url = `http://127.0.0.1:${(JSON.parse(line) as { address: AddressInfo }).address.port}`;
}, SLOW_MS);

afterAll(async () => {
  await gate.close();
  await Promise.all([issuer.close(), down.close(), upstream.close(), rm(folder, { recursive: true })]);
});

function explain(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const all = { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN, ...env };
  return runHere(['explain', '-c', file, ...args], { cwd: folder, env: all });
}

const callerOf = (app: string, claims: object = {}): string =>
  issuer.sign({ sub: app, scope: 'orders:read', ...claims });

describe('a request', { timeout: SLOW_MS }, () => {
  it('is explained with the counts of the running gateway, unless --offline is given', async () => {
    await fetch(`${url}/orders`, { headers: bearer(callerOf('live')) });
    const args = [
      'GET',
      'http://api.test/orders',
      '--scopes',
      'orders:read',
      '--app',
      'live',
      '--issuer',
      'main',
      '--json',
    ];
    const asked = await explain(args);
    expect([asked.code, asked.stderr]).toEqual([1, '']);
    expect(JSON.parse(asked.stdout)).toMatchObject({ status: 429, limits: { counts: 'gateway' } });
    const offline = await explain([...args, '--offline']);
    expect([offline.code, offline.stderr]).toEqual([0, '']);
    expect(JSON.parse(offline.stdout)).toMatchObject({ status: 200, limits: { counts: 'none' } });
  });

  it('is explained by the file where the gateway cannot be asked, and one line says why', async () => {
    const other = join(folder, 'other.yaml');
    await writeFile(other, `${await readFile(file, 'utf8')}\n# another text`);
    const cases: [readonly string[], Record<string, string>, string][] = [
      [
        ['-c', other],
        {},
        `the gateway at http://127.0.0.1:${adminPort} runs another configuration than this file`,
      ],
      [
        [],
        { TOLLGATE_ADMIN_TOKEN: 'x'.repeat(40) },
        `the gateway at http://127.0.0.1:${adminPort} does not accept the credential`,
      ],
      [
        [],
        { TOLLGATE_ADMIN_TOKEN: '' },
        "there is no administrator's credential: neither TOLLGATE_ADMIN_TOKEN nor data/admin-token",
      ],
    ];
    for (const [args, env, reason] of cases) {
      const { code, stdout, stderr } = await explain(
        ['GET', 'http://api.test/orders', '--scopes', 'orders:read', '--json', ...args],
        env,
      );
      expect(stderr).toBe(`tollgate: the file alone decides: ${reason}\n`);
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as Explanation).limits?.counts).toBe('none');
    }
  });

  it('is an error with exit code 2 where --admin names no gateway that can be asked', async () => {
    const admin = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await explain(['GET', 'http://api.test/orders', '--admin', admin]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(`tollgate: no gateway responds at ${admin} (ECONNREFUSED)\n`);
    const both = await explain(['GET', 'http://api.test/orders', '--admin', admin, '--offline']);
    expect([both.code, both.stderr]).toEqual([2, 'tollgate: --admin and --offline exclude each other\n']);
  });
});

describe('a refusal', { timeout: SLOW_MS }, () => {
  async function refused(path: string, token?: string): Promise<string> {
    const response = await fetch(`${url}${path}`, { headers: token === undefined ? {} : bearer(token) });
    const id = response.headers.get('x-request-id')!;
    await until(() => gate.stdout().includes(id));
    return id;
  }

  async function decisionOf(id: string): Promise<ExplainedRefusal> {
    const { code, stdout, stderr } = await explain(['--request', id, '--json']);
    expect([code, stderr]).toEqual([1, '']);
    return JSON.parse(stdout) as ExplainedRefusal;
  }

  const failedIn = (step: { checks: readonly { result: string; name: string; text: string }[] } | null) =>
    step?.checks.filter(({ result }) => result === 'failed').map(({ name, text }) => `${name}: ${text}`);

  it('is explained by its id: each kind with the step that failed, and what would have to change', async () => {
    const expired = issuer.sign({ exp: Math.floor(Date.now() / 1000) - 3600 });
    const found = await Promise.all(
      [
        await refused('/orders'),
        await refused('/orders', expired),
        await refused('/orders', callerOf('a', { scope: 'other' })),
        await refused('/teams/red', callerOf('a', { team: 'blue' })),
        (await refused('/orders', callerOf('b')), await refused('/orders', callerOf('b'))),
        await refused('/order'),
        await refused('/orders', down.sign()),
      ].map(decisionOf),
    );
    const [noToken, invalid, scope, claim, limited, noRoute, keys] = found;
    expect(found.map(({ status, reason }) => `${status} ${reason}`)).toEqual([
      '401 no_token',
      '401 invalid_token',
      '403 insufficient_scope',
      '403 insufficient_claims',
      '429 rate_limited',
      '404 no_route',
      '503 keys_unavailable',
    ]);
    expect(failedIn(noToken!.token)).toHaveLength(1);
    expect(noToken!.remedy).toBe('Send a token of main or down: Authorization: Bearer TOKEN.');
    expect(failedIn(invalid!.token)).toEqual(['times: The token has expired']);
    expect(failedIn(scope!.access)).toEqual(['scope orders:read: the token does not have it']);
    expect(scope).toMatchObject({
      token: { issuer: 'main', app: 'a', scopes: ['other'] },
      remedy: 'The token needs the scope orders:read.',
    });
    expect(failedIn(claim!.access)).toEqual([
      `claim team: must be "red", the path's team: the token has "blue"`,
    ]);
    expect(failedIn(limited!.limits)).toEqual(['limit: at most 1 request per 5m for each app']);
    expect(limited!.remedy).toBe('Wait as long as Retry-After of the response says, or raise the limit.');
    expect(noRoute!.match?.nearest).toMatchObject({ match: 'GET /orders', file });
    expect(failedIn(keys!.token)).toEqual(["key: The issuer's keys could not be read"]);
    for (const { notes, request } of found) {
      expect(notes[0]).toMatch(/^It was refused at \d{4}-.*Z; its token and the counts are not kept\.$/);
      expect(request.client_ip).toBe('127.0.0.1');
    }
  });

  it('is printed as text, with exit code 1', async () => {
    const { code, stdout } = await explain(['--request', await refused('/orders')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^GET \/orders at 127\.0\.0\.1:\d+\n/);
    expect(stdout).toMatch(/\nrefuse: 401 no_token: [^\n]*\n +Send a token of main or down/);
  });

  it('is kept over a reload, as it was decided', async () => {
    const id = await refused('/orders');
    gate.signal('SIGHUP');
    await gate.until(/configuration reloaded/);
    const { route, match, notes } = await decisionOf(id);
    expect([route, match?.route?.match]).toEqual(['GET /orders', 'GET /orders']);
    expect(notes).toContain('The configuration was loaded again since; the route is as it was then.');
  });

  it.each([
    [['--request', 'unknown'], /keeps no refusal with this id/],
    [['--request', '../explain'], /keeps no refusal with this id/],
    [['--request='], /--request needs the X-Request-Id of a response/],
    [['--request', 'x', 'GET', '/orders'], /--request stands in place of METHOD and PATH_OR_URL/],
    [['--request', 'x', '--token', 'y'], /--request and --token exclude each other/],
    [['--request', 'x', '--offline'], /--request and --offline exclude each other/],
  ])('that cannot be found is exit code 2: %j', async (args, message) => {
    const { code, stdout, stderr } = await explain(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is found with --admin alone, in a folder without a file', async () => {
    const id = await refused('/orders');
    const args = ['explain', '--request', id, '--admin', `http://localhost:${adminPort}`];
    const { code, stdout } = await runCommand(args, {
      ...{ cwd: tmpdir(), env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN } },
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining('refuse: 401 no_token')]);
  });
});
