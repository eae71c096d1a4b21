/** `tollgate explain` as run by a user: the output of its page, exit codes, and wrong usage. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain as command } from '../../src/cli/explain.js';
import type { Explanation } from '../../src/model/explanation.js';
import { testIssuer } from '../../src/testing/test-issuer.js';
import { runHere, runInProcess } from '../support/run-command.js';

const issuer = testIssuer({ issuer: 'https://id.example.com', audience: 'orders', alg: 'ES256' });
const page = await readFile('docs/explain.md', 'utf8');
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-explain-'));
  await mkdir(join(folder, 'config'));
  const [, text = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  await writeFile(join(folder, 'config', 'gateway.yaml'), text.replace(/^# .*\n/, ''));
  file = join(folder, 'with-keys.yaml');
  await writeFile(
    file,
    JSON.stringify({
      issuers: { main: { ...issuer.config, grants: ['*'] } },
      tokens: {
        issuer: 'https://own.test',
        audience: 'orders',
        database: 'sqlite:none.db',
        endpoints: { whoami: { path: '/me' } },
      },
      limit_status: '/limits',
      upstreams: { orders: 'http://127.0.0.1:9' },
      routes: [
        { match: 'GET /orders', upstream: 'orders', scope: 'none', issuer: 'main', limit: '1 per 1m' },
        { match: 'GET /own', upstream: 'orders', scope: 'none', limit: 'none' },
      ],
    }),
  );
});

afterAll(() => rm(folder, { recursive: true }));

/** Times differ from run to run. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z|\(in [\dms ]+\)/g, 'TIME');
}

const run = (args: readonly string[], input = '') =>
  runInProcess(command, [...args, '--offline'], file, input);

describe('tollgate explain', () => {
  const examples = [...page.matchAll(/```\n\$ tollgate (explain .*--offline)\n([^]*?)```/g)];

  it('has three examples on its page', () => {
    expect(examples).toHaveLength(3);
  });

  it.each(examples.map(([, line = '', shown = '']) => [line, shown]))(
    'prints what docs/explain.md shows: %s',
    async (line, shown) => {
      const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
      const { code, stdout } = await runHere(args, { cwd: folder });
      expect(withoutTimes(stdout)).toBe(withoutTimes(shown));
      expect(code).toBe(shown.includes('\nforward: ') ? 0 : 1);
    },
  );

  it('reads the token from standard input, and checks it with the keys of the file', async () => {
    const { code, stdout } = await run(['GET', '/orders', '--token', '-', '--json'], `${issuer.sign()}\n`);
    const { verdict, token } = JSON.parse(stdout) as Explanation;
    expect([code, verdict, token?.issuer]).toEqual([0, 'forward', 'main']);
    const forged = await run(['GET', '/orders', '--token', '-', '--json'], `Bearer ${issuer.forge()}\n`);
    expect([forged.code, (JSON.parse(forged.stdout) as Explanation).status]).toEqual([1, 401]);
  });

  it('takes scopes as a token has them, with spaces', async () => {
    const { stdout } = await run(['GET', '/orders', '--scopes', 'a b, c', '--json']);
    expect((JSON.parse(stdout) as Explanation).token?.scopes).toEqual(['a', 'b', 'c']);
  });

  it('does not know the counts without a gateway, and says so', async () => {
    const { stdout } = await run(['GET', '/orders', '--scopes', '']);
    expect(stdout).toContain('the count is not known here');
    expect(stdout).toContain('note: No running gateway is asked');
  });

  it('exits with 0 for a path of the token service, whose database it does not open', async () => {
    const { code, stdout } = await run(['GET', '/me']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('respond: the token service responds to /me'),
    ]);
  });

  it.each([
    ['POST', '/me', 'GET', 'invalid_request', 'Only GET and HEAD are allowed here'],
    ['DELETE', '/.well-known/jwks.json', 'GET', 'invalid_request', 'Only GET and HEAD are allowed here'],
    ['GET', '/revoke', 'POST', 'invalid_request', 'Only POST is allowed here'],
    ['PUT', '/limits', 'GET', 'method_not_allowed', 'Method not allowed'],
  ])('exits with 1 for %s %s, which has %s only', async (method, path, only, reason, detail) => {
    const { code, stdout } = await run([method, path, '--json']);
    const allowed = only === 'GET' ? ['GET', 'HEAD'] : ['POST'];
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        ...{ verdict: 'refuse', status: 405, route: null, reason, detail },
        remedy: `Use ${allowed.join(' or ')}.`,
        match: { route: null, allowed_methods: allowed },
      },
    ]);
  });

  it("says that it cannot check a token of the file's own token service", async () => {
    const own = testIssuer({ issuer: 'https://own.test', audience: 'orders', alg: 'RS256' });
    const { code, stdout } = await run(['GET', '/own', '--token', own.sign()]);
    expect(code).toBe(1);
    expect(stdout).toContain('refuse: 503 keys_unavailable');
    expect(stdout).toContain('note: Only the running gateway has the keys of its own token service.');
    expect(stdout).toContain(
      "Ask the running gateway, which must be able to read the token service's database.",
    );
  });

  it.each([
    [['GET'], 'usage: tollgate explain METHOD'],
    [[], '[--admin URL | --offline] | --request ID [--admin URL]'],
    [['GET', '/a', '--ip', 'here'], '"here" is not an IP address'],
    [['GET', '/a', '--app', 'x'], '--app needs --scopes'],
    [['GET', '/a', '--scopes', 'a', '--claims', '[1]'], '--claims must be a JSON object'],
    [['GET', '/a', '--scopes', 'a', '--token', 't'], '--token and --scopes exclude each other'],
    [['GET', '/a', '--scopes', 'a', '--issuer', 'x'], 'the file has no issuer "x"'],
    [['GET', '/a', '--header', 'nothing'], '--header must be a field'],
    [['GET', '/a', '--token', '-'], 'the token is empty'],
  ])('exits with 2 where the usage is wrong: %j', async (args, text) => {
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
  });
});
