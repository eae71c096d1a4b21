/** `log.pretty` in a running gateway: what a terminal gets, with colours or without, whatever clients send. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { users } from '../../src/cli/users.js';
import { MAIN, startCommand, type RunningCommand } from '../support/command.js';
import { openRaw } from '../support/raw.js';
import { runInProcess } from '../support/run-command.js';
import { createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const ENV = { TOLLGATE_ADMIN_TOKEN: 'x'.repeat(32) };
/** What only a terminal would act on; line ends are apart. */
const CONTROLS = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u;

let database: DatabaseFile;
let issuer: TestIssuer;
let upstream: EchoUpstream;
let file: string;
let gate: RunningCommand;

beforeAll(async () => {
  [database, issuer, upstream] = await Promise.all([
    createDatabaseFile(),
    createTestIssuer(),
    startEchoUpstream(),
  ]);
  file = join(database.folder, 'gateway.json');
  await writeFile(file, JSON.stringify(config()));
  gate = startCommand(['start', '-c', file], { env: ENV });
});

afterAll(async () => {
  await gate.close();
  await Promise.all([issuer.close(), upstream.close()]);
  await database.remove();
});

const config = () => ({
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  jwks_cache: false,
  log: { pretty: true, paths: true, client_ids: true },
  issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
  upstreams: { echo: upstream.origin },
  tokens: tokensIn(database.database),
  routes: [{ match: 'GET /users/{id}', upstream: 'echo', scope: 'users:read' }],
});

it('has one line for each request, in which nothing that a client sends is a control character', async () => {
  const [, port] = await gate.until(/INFO {2}gateway started address=127\.0\.0\.1:(\d+)/);
  const url = `http://127.0.0.1:${port}`;
  const token = issuer.sign({ sub: 'app\u202E\u2028 200 forged=1', scope: 'users:read' });
  const get = await fetch(`${url}/users/1`, { headers: { authorization: `Bearer ${token}` } });
  expect(get.status).toBe(200);
  await gate.until(/ 200 {3}GET \/users\/1 in /);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'id\u001B[2J\u009B\n10:00:00.000 200 forged',
    client_secret: 'wrong',
  });
  expect((await fetch(`${url}/connect/token`, { method: 'POST', body: form })).status).toBe(401);
  await gate.until(/wrong credentials .*client_id="id\\u\{1b\}\[2J/);
  const raw = openRaw(
    Number(port),
    'GET /users/\x9b2J%1b[31m HTTP/1.1\r\nHost: a\r\nX-Request-Id: \x1b[31m\xe2\x80\xae\r\nConnection: close\r\n\r\n',
  );
  await raw.ended;
  await gate.until(/ 400 /);

  expect(gate.stdout()).not.toMatch(CONTROLS);
  expect(gate.stdout()).toMatch(/ app="app\\u\{202e\}\\u\{2028\} 200 forged=1"/);
  for (const line of gate.stdout().trimEnd().split('\n')) expect(line).not.toMatch(/^10:00:00\.000/);
});

it.each([
  ['a terminal has colours', '', true],
  ['a terminal has none with NO_COLOR', '1', false],
])('%s', async (_title, noColor, isColored) => {
  // `script` gives it a terminal.
  const command = `echo "pid $$"; exec '${process.execPath}' '${MAIN}' start -c '${file}'`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, ...ENV, REDIS_URL: '', TERM: 'xterm', NO_COLOR: noColor },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close');
  await until(() => output.includes('gateway started') || child.exitCode !== null);
  process.kill(Number(/^pid (\d+)/.exec(output)?.[1]), 'SIGTERM');
  await ended;
  expect(output).toContain('gateway stopped');
  expect(output.includes('\u001B[32mINFO')).toBe(isColored);
});

it('the audit line of a command is readable too', async () => {
  const made = await runInProcess(users, ['add', 'ada', '--scopes', 'a'], file, 'correct horse battery\n');
  expect([made.code, made.stderr]).toEqual([
    0,
    expect.stringMatching(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}audit by=command actor=\S+ host=\S+ action=user_created user=ada\n$/,
    ) as string,
  ]);
});
