/** The commands as run by a user: what they print where, and the exit codes 0, 1 and 2. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, type Result } from '../support/command.js';
import { runHere } from '../support/run-command.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-commands-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

/** As a process where the command may begin to listen. */
function runAny(args: readonly string[]): Promise<Result> {
  return (args[0] === 'start' || args[0] === 'demo' ? runCommand : runHere)(args);
}

const GOOD = `issuers:
  main: {issuer: https://issuer.test, jwks: https://issuer.test/jwks, audience: https://me.test}
upstreams:
  files: http://127.0.0.1:9
routes:
  - match: GET /files/{id}
    upstream: files
    scope: {any: [files:read, sso]}
    limit: [10 per 2m, 1000 per 1d]
    expect:
      - {path: /files/7, scopes: ["files:*"], status: 200}
      - {path: /files/7, status: 401}
  - match: "* /public/{path*}"
    upstream: files
    public: true
    limit: 5 per 30s
  - match: POST /files
    upstream: files
    scope: [files:write, files:create]
`;

describe('tollgate', () => {
  it('without a command prints its usage, and is wrong usage', async () => {
    const { code, stdout } = await runCommand([]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^usage: tollgate COMMAND/);
  });

  it('--help prints every command with its description', async () => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await runHere([flag]);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of ['start', 'check', 'routes', 'demo']) {
        expect(stdout).toMatch(new RegExp(`^  ${name} +\\S.*$`, 'm'));
      }
    }
  });

  it.each(['--version', '-v'])('%s prints only the version of the package', async (flag) => {
    const { code, stdout } = await runCommand([flag]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['help'], /^usage: tollgate COMMAND[^]*^ {2}start +\S/m],
    [['help', 'help'], /^usage: tollgate COMMAND/],
    [['help', 'start'], /^usage: tollgate start\n\n {2}runs the gateway\n/],
    [['start', '--help'], /^usage: tollgate start\n\n {2}runs the gateway\n/],
    [['help', 'users'], /^usage: tollgate users add NAME \[--scopes a,b\].*\n +tollgate users list\n/],
  ])('%j prints the usage of a command', async (words, text) => {
    const { code, stdout, stderr } = await runHere(words);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(text);
  });

  it('help of an unknown command is wrong usage', async () => {
    const { code, stderr } = await runHere(['help', 'strat']);
    expect([code, stderr]).toEqual([
      2,
      'tollgate: unknown command "strat"; did you mean "start"? See tollgate --help\n',
    ]);
  });

  it.each([
    [
      'an unknown command, with what may have been meant',
      ['chekc'],
      /unknown command "chekc".*did you mean "check"\?/,
    ],
    [
      'an unknown command that is like none',
      ['frobnicate'],
      /unknown command "frobnicate"; see tollgate --help/,
    ],
    ['an unknown option', ['check', '--frob'], /--frob/],
    ['an option without its value', ['check', '-c'], /-c/],
    [
      'more words than the command takes',
      ['check', 'config/gateway.yaml'],
      /check does not take "config\/gateway\.yaml"/,
    ],
  ])('treats %s as wrong usage: one line on standard error and exit code 2', async (_what, args, line) => {
    const { code, stdout, stderr } = await runHere(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^tollgate: [^\n]+\n$/);
  });

  it.each(['start', 'check', 'routes', 'demo'])(
    '%s names an unreadable file and exits with 2',
    async (command) => {
      const { code, stderr } = await runAny([command, '-c', join(folder, 'missing.yaml')]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^tollgate: [^\n]*missing\.yaml[^\n]*\n$/);
    },
  );

  it('is not sent to init where a folder is named', async () => {
    const { code, stderr } = await runHere(['check', '-c', folder], { cwd: folder });
    expect([code, stderr]).toEqual([2, `tollgate: cannot read ${folder}: it is a folder\n`]);
  });

  it.each(['start', 'routes', 'demo'])(
    '%s reports every error of an invalid file and exits with 1',
    async (command) => {
      const file = await write(
        'bad.yaml',
        GOOD.replace('scope: {any', 'scpe: {any').replace('5 per 30s', '5 per 30x'),
      );
      const { code, stdout, stderr } = await runAny([command, '-c', file]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`${file}:8:5: unknown key "scpe"; did you mean "scope"?`);
      expect(stderr).toMatch(/bad\.yaml:16:12: "limit" [^\n]*after "per"/);
    },
  );
});

describe('tollgate check', () => {
  it('reports that the file is valid, and who can open each route', async () => {
    const file = await write('good.yaml', GOOD);
    const { code, stdout, stderr } = await runHere(['check', '-c', file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      `${file}: 3 routes, 1 issuer, 2 expectations held

LINE  ROUTE              WHO CAN OPEN IT                          LIMIT
   6  GET /files/{id}    files:read or sso, from main             10 per 2m, 1000 per 1d
  13  * /public/{path*}  anyone                                   5 per 30s by ip
  17  POST /files        files:write and files:create, from main  none
`,
    );
  });

  it('reads config/gateway.yaml by default, which is valid', async () => {
    const { code, stdout } = await runCommand(['check']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^config\/gateway\.yaml: \d+ routes/);
  });

  it('reports every error at once, each with its line and column', async () => {
    const text = GOOD.replace('files: http', 'fils: http')
      .replace('audience: https://me.test', 'audiense: x')
      .replace('1000 per 1d', 'often')
      .replace('public: true', '');
    const file = await write('errors.yaml', text);
    const { code, stdout, stderr } = await runHere(['check', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
    const all = stderr.trimEnd().split('\n');
    const lines = all.filter((line) => !line.startsWith('  '));
    for (const line of lines) expect(line).toMatch(/errors\.yaml:\d+:\d+: \S/);
    // The value of an unknown key of an issuer may be a secret.
    expect(all[1]).toBe(`  ${text.split('\n')[1]?.replace('audiense: x', 'audiense: *')}`);
    expect(all[2]).toMatch(/^ +\^$/);
    const places = lines.map((line) => Number(line.slice(file.length).split(':')[1]));
    expect(new Set(places)).toEqual(new Set([2, 7, 9, 13, 14, 18]));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('reports invalid YAML with its place', async () => {
    const file = await write('broken.yaml', 'routes:\n  - match: [\n');
    const { code, stderr } = await runHere(['check', '-c', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: /);
  });

  it('reports an expectation that fails under its own line, with the reason', async () => {
    const text = GOOD.replace('["files:*"], status: 200', '["files:write"], status: 200')
      .replace('{path: /files/7, status: 401}', '{path: /files/7, status: 403}')
      .replace(
        '- {path: /files/7, status: 403}',
        '- {path: /files/7, status: 403}\n      - {path: /public/x, status: 200}\n      - {method: DELETE, path: /files/7, status: 200}\n      - {path: /files/7, scopes: [sso], status: 403}',
      );
    const file = await write('expect.yaml', text);
    const { code, stdout, stderr } = await runHere(['check', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('  '))
      .map((line) => line.slice(file.length + 1));
    expect(lines).toEqual([
      expect.stringMatching(
        /^11:\d+: GET \/files\/7: expected 200, but it is refused with 403 \(insufficient_scope/,
      ),
      expect.stringMatching(/^12:\d+: GET \/files\/7: expected 403, but it is refused with 401 \(no_token/),
      expect.stringMatching(
        /^13:\d+: GET \/public\/x: expected 200 by this route, but "\* \/public\/\{path\*\}" in line \d+ matches first/,
      ),
      expect.stringMatching(/^14:\d+: DELETE \/files\/7: expected 200, but it is refused with 405/),
      expect.stringMatching(
        /^15:\d+: GET \/files\/7: expected 403, but it is forwarded by "GET \/files\/\{id\}"/,
      ),
    ]);
  });

  it('has no refusal by a rule in shadow in its cases, and still one without a token', async () => {
    const cases = '- {path: /files/7, scopes: [other], status: 200}\n      - {path: /files/7, status: 401}';
    const text = GOOD.replace(
      'sso]}',
      'sso]}\n    shadow: true\n    require: [{claim: org, is: a, shadow: true}]',
    )
      .replace('- {path: /files/7, scopes: ["files:*"], status: 200}', cases)
      .replace('limit: [10 per 2m, 1000 per 1d]', 'limit: {requests: 1, window: 2m, shadow: true}');
    const { code, stdout, stderr } = await runHere(['check', '-c', await write('shadow.yaml', text)]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('3 expectations held');
  });

  it('--json prints machine-readable output: what is wrong, where, and whether the file is valid', async () => {
    const good = await runHere(['check', '--json', '-c', await write('good.yaml', GOOD)]);
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toEqual({
      ok: true,
      problems: [],
      warnings: [],
      routes: [
        expect.objectContaining({ match: 'GET /files/{id}', line: 6, public: false, issuers: ['main'] }),
        expect.objectContaining({ match: '* /public/{path*}', public: true, issuers: null, scope: null }),
        expect.objectContaining({ scope: { all: ['files:write', 'files:create'] }, limits: [] }),
      ],
    });
    const file = await write('json.yaml', GOOD.replace('upstream: files', 'upstream: nobody'));
    const bad = await runHere(['check', '--json', '-c', file]);
    expect([bad.code, bad.stderr]).toEqual([1, '']);
    expect(JSON.parse(bad.stdout)).toEqual({
      ok: false,
      problems: [{ file, line: 7, column: 15, text: expect.stringContaining('nobody') as string }],
      warnings: [],
      routes: [],
    });
  });

  it('prints warnings with their line on standard error; they change the exit code with --strict alone', async () => {
    const insecure = 'files: {targets: ["https://127.0.0.1:9"], tls: {insecure: true}}';
    const file = await write('insecure.yaml', GOOD.replace('files: http://127.0.0.1:9', insecure));
    const text = 'the certificates of the targets are not verified';
    const { code, stdout, stderr } = await runHere(['check', '-c', file]);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`${file}: 3 routes, 1 issuer, 2 expectations held, 1 warning`);
    expect(stderr).toBe(`${file}:4:61: warning: ${text}\n    ${insecure}\n${' '.repeat(62)}^\n`);
    const strict = await runHere(['check', '--strict', '-c', file]);
    expect(strict).toEqual({ code: 1, stdout, stderr });
    const machine = await runHere(['check', '--json', '-c', file]);
    expect(JSON.parse(machine.stdout)).toMatchObject({
      ok: true,
      problems: [],
      warnings: [{ file, line: 4, column: 61, text }],
    });
  });

  it('needs neither the issuer, nor the upstream, nor Redis', async () => {
    const file = await write('away.yaml', `redis: redis://127.0.0.1:9\n${GOOD}`);
    expect((await runHere(['check', '-c', file])).code).toBe(0);
  });

  it('runs the cases with tokens as each issuer would make them', async () => {
    const text = `issuers:
  nested:
    {issuer: https://a.test, jwks: https://a.test/jwks, audience: [me], algorithms: [ES256], claims: {app: [client, id], scope: [realm, roles]}, grants: ["files:*"]}
  old: {issuer: false, jwks: https://b.test/jwks, audience: false, algorithms: [PS512], require_exp: false, grants: ["old:*"]}
  typed: {issuer: https://c.test, jwks: https://c.test/jwks, audience: me, token_types: [at+jwt], grants: ["*"]}
  choosing: {issuer: https://e.test, jwks: https://e.test/jwks, audience: {claim: client_id, any: [abc, def]}, claims: {app: {first: [azp, client_id]}, scope: {union: [[realm, roles], scp]}}, require: [{claim: token_use, is: access}, {claim: [realm, roles], has: member}, {claim: groups, has: [a, b]}], grants: ["*"]}
  client: {issuer: https://f.test, jwks: https://f.test/jwks, audience: {claim: client_id, any: [abc]}, claims: {app: client_id}, grants: ["*"]}
  untyped: {issuer: https://d.test, jwks: https://d.test/jwks, audience: me, token_types: [absent], grants: ["*"]}
upstreams: {files: http://127.0.0.1:9}
routes:
  - {match: GET /a, upstream: files, scope: "files:read", issuer: nested, expect: [{path: /a, scopes: ["files:*"], status: 200}, {path: /a, scopes: ["old:x"], status: 403}]}
  - {match: GET /c, upstream: files, scope: "c:read", issuer: typed, expect: [{path: /c, scopes: ["c:read"], status: 200}]}
  - {match: GET /d, upstream: files, scope: "d:read", issuer: untyped, expect: [{path: /d, scopes: ["d:read"], status: 200}]}
  - {match: GET /e, upstream: files, scope: "e:read", issuer: choosing, expect: [{path: /e, scopes: ["e:read"], status: 200}, {path: /e, scopes: ["member"], status: 403}]}
  - {match: GET /f, upstream: files, scope: "f:read", issuer: client, expect: [{path: /f, scopes: ["f:read"], status: 200}, {path: /f, scopes: [], status: 403}]}
  - {match: GET /b, upstream: files, scope: "old:read", issuer: old, expect: [{path: /b, scopes: ["*"], status: 200}, {path: /b, scopes: ["files:*"], status: 403}]}
`;
    const { code, stderr } = await runHere(['check', '-c', await write('issuers.yaml', text)]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('also runs them if one claim is both app and scopes, or the audience holds scopes', async () => {
    const text = `issuers:
  both: {issuer: https://a.test, jwks: https://a.test/jwks, audience: me, claims: {scope: sub}, grants: ["*"]}
  aud: {issuer: https://b.test, jwks: https://b.test/jwks, audience: me, claims: {scope: aud}, grants: ["*"]}
  iss: {issuer: https://c.test, jwks: https://c.test/jwks, audience: me, claims: {app: iss}, grants: ["*"]}
upstreams: {files: http://127.0.0.1:9}
routes:
${['both', 'aud', 'iss']
  .map(
    (issuer) =>
      `  - {match: GET /${issuer}, upstream: files, scope: [a:read, b:read], issuer: ${issuer}, expect: [{path: /${issuer}, scopes: [a:read, "b:*"], status: 200}, {path: /${issuer}, scopes: [a:read], status: 403}, {path: /${issuer}, scopes: [], status: 403}]}\n`,
  )
  .join('')}`;
    const { code, stderr } = await runHere(['check', '-c', await write('claims.yaml', text)]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('reports claims that no token can have with their place, without a stack trace', async () => {
    const file = await write(
      'exp.yaml',
      GOOD.replace('https://me.test}', 'https://me.test, claims: {scope: exp}}'),
    );
    const { code, stderr } = await runHere(['check', '-c', file]);
    expect(code).toBe(1);
    expect(stderr.split('\n')[0]).toBe(`${file}:2:114: "exp" is a time, and holds no scopes`);
    expect(stderr).not.toContain('    at ');
  });

  it('knows that the token service responds at its paths', async () => {
    const tokens = 'tokens: {issuer: "http://127.0.0.1:1", audience: a, endpoints: {whoami: {}}}\n';
    const text = `${tokens}${GOOD.replace('audience: https://me.test', 'audience: https://me.test, grants: ["*"]')}`;
    const file = await write(
      'tokens.yaml',
      text.replace('{path: /files/7, status: 401}', '{path: /Token/whoami, status: 404}'),
    );
    const { code, stderr } = await runHere(['check', '-c', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      ':13:9: GET /Token/whoami: expected 404, but the path is that of the token service (/token/whoami)',
    );
  });

  it('reads variables from the environment, and reports which one is not set', async () => {
    const file = await write('variables.yaml', GOOD.replace('http://127.0.0.1:9', '${FILES_URL}'));
    expect((await runHere(['check', '-c', file], { env: { FILES_URL: 'http://127.0.0.1:9' } })).code).toBe(0);
    const { code, stderr } = await runHere(['check', '-c', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/:4:10: .*FILES_URL/);
  });
});

describe('tollgate routes', () => {
  it('prints a table for people', async () => {
    const { code, stdout } = await runCommand(['routes', '-c', await write('good.yaml', GOOD)]);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['MATCH', 'SCOPE', 'LIMIT', 'UPSTREAM'],
      ['GET /files/{id}', 'files:read or sso', '10 per 2m, 1000 per 1d', 'files'],
      ['* /public/{path*}', '(public)', '5 per 30s by ip', 'files'],
      ['POST /files', 'files:write and files:create', 'none', 'files'],
    ]);
  });

  it('has the hosts of routes, if any route has one, and the claims of conditions', async () => {
    const text = GOOD.replace(
      'match: POST /files',
      'match: POST /files\n    host: [A.test, "*.b.test"]\n    require: [{claim: org_id, is: acme}]\n    timeout: 5s',
    );
    const file = await write('hosts.yaml', text);
    const { stdout } = await runHere(['routes', '-c', file]);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows[0]?.[0]).toBe('HOST');
    expect(rows[1]?.[0]).toBe('(any)');
    expect(rows[3]?.slice(0, 3)).toEqual([
      'a.test, *.b.test',
      'POST /files',
      'files:write and files:create, org_id',
    ]);
    const { stdout: json } = await runHere(['routes', '--json', '-c', file]);
    expect(JSON.parse(json)).toMatchObject([
      {},
      {},
      { hosts: ['a.test', '*.b.test'], require: [{ claim: 'org_id', is: ['acme'] }], timeout_ms: 5000 },
    ]);
  });

  it('--json prints the same for machines', async () => {
    const { code, stdout } = await runHere(['routes', '--json', '-c', await write('good.yaml', GOOD)]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      {
        match: 'GET /files/{id}',
        line: 6,
        scope: { any: ['files:read', 'sso'] },
        limits: [
          { requests: 10, window_ms: 120_000, by: 'app' },
          { requests: 1000, window_ms: 86_400_000, by: 'app' },
        ],
        upstream: 'files',
      },
      {
        match: '* /public/{path*}',
        line: 13,
        scope: null,
        limits: [{ requests: 5, window_ms: 30_000, by: 'ip' }],
        upstream: 'files',
      },
      {
        match: 'POST /files',
        line: 17,
        scope: { all: ['files:write', 'files:create'] },
        limits: [],
        upstream: 'files',
      },
    ]);
  });

  it('stops quietly when its reader does', async () => {
    const { execFile } = await import('node:child_process');
    const output = await new Promise<string>((resolve) => {
      execFile(
        'sh',
        ['-c', `"${process.execPath}" dist/cli/main.js routes | head -1; true`],
        (_error, stdout, stderr) => resolve(stdout + stderr),
      );
    });
    expect(output).toMatch(/^MATCH[^\n]*\n$/);
  });
});
