/** The audit log and failed authentication, as logged by a gateway and by the commands. */
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apps } from '../../src/cli/apps.js';
import { users } from '../../src/cli/users.js';
import { startGate, type Config } from '../support/gate.js';
import {
  administer,
  createDatabaseFile,
  get,
  makeApp,
  makeNamed,
  issueToken,
  postForm,
  tokensIn,
  writeConfig,
  type DatabaseFile,
} from '../support/token-gate.js';
import { runInProcess } from '../support/run-command.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

let file: DatabaseFile;
let upstream: EchoUpstream;

beforeAll(async () => {
  [file, upstream] = await Promise.all([createDatabaseFile(), startEchoUpstream()]);
});

afterAll(async () => {
  await upstream.close();
  await file.remove();
});

const configOf = (log: Config['log']): Config => ({
  log,
  tokens: tokensIn(file.database),
  upstreams: { service: upstream.origin },
  routes: [{ match: 'GET /files', upstream: 'service', scope: 'files_api', issuer: 'named' }],
});

interface Line {
  readonly msg: string;
  readonly [key: string]: unknown;
}

async function linesOf(log: string, msg: string): Promise<Line[]> {
  const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => line.msg === msg);
}

const jtiOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string }).jti;

it('a gateway logs one line for each change, with the actor and the address, and no secret', async () => {
  const log = join(file.folder, 'gate.log');
  const gate = await startGate(configOf({ level: 'info', file: log }));
  const app = await makeApp(gate, { name: 'Audited', scopes: ['files_api'] });
  const named = await makeNamed(gate, {
    secret: app.secret,
    name: 'n',
    description: 'd',
    permission: 'files_api',
  });
  const pass = await issueToken(gate, app);
  await postForm(gate, '/revoke', { client_id: app.key, client_secret: app.secret, token: pass });
  const rotated = await administer(gate, 'POST', `/api/apps/${app.key}/rotate`);
  const { secret } = (await rotated.json()) as { secret: string };

  const listed = await administer(gate, 'GET', `/api/named-tokens?app=${app.key}`);
  expect(await listed.json()).toEqual({
    named_tokens: [
      {
        jti: jtiOf(named),
        app: app.key,
        name: 'n',
        description: 'd',
        created: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
    ],
  });
  const others = await administer(gate, 'GET', '/api/named-tokens?app=nobody');
  expect(await others.json()).toEqual({ named_tokens: [] });
  expect((await get(gate, '/files', named)).status).toBe(200);
  const revoked = await administer(gate, 'POST', '/api/revocations', { token: jtiOf(named) });
  expect([revoked.status, await revoked.json()]).toMatchObject([
    201,
    { token: jtiOf(named), issuer: 'named' },
  ]);
  await expect.poll(async () => (await get(gate, '/files', named)).status, { timeout: 1000 }).toBe(401);
  for (const [body, status] of [
    [{ token: 'unknown' }, 404],
    [{ token: 'a', app: 'b' }, 400],
    [{ token: 7 }, 400],
  ] as const)
    expect((await administer(gate, 'POST', '/api/revocations', body)).status).toBe(status);
  await administer(gate, 'POST', '/api/revocations', { app: app.key, issuer: 'tokens' });
  await administer(gate, 'DELETE', `/api/apps/${app.key}`);
  await gate.stop();

  const admin = { by: 'admin', client_ip: '127.0.0.1' };
  const itself = {
    by: 'app',
    actor: app.key,
    client_ip: '127.0.0.1',
    request_id: expect.any(String) as string,
  };
  const audit = (await linesOf(log, 'audit')).map(({ level, time, msg, ...rest }) => {
    expect([level, typeof time, msg]).toEqual(['info', 'string', 'audit']);
    return rest;
  });
  expect(audit).toEqual([
    { ...admin, action: 'app_created', app: app.key },
    { ...itself, action: 'named_token_created', token: jtiOf(named) },
    { ...itself, action: 'token_revoked', token: jtiOf(pass) },
    { ...admin, action: 'app_secret_rotated', app: app.key },
    { ...admin, action: 'token_revoked', token: jtiOf(named), issuer: 'named' },
    { ...admin, action: 'app_revoked', app: app.key, issuer: 'tokens' },
    { ...admin, action: 'app_deleted', app: app.key },
  ]);
  const text = await readFile(log, 'utf8');
  for (const hidden of [app.secret, secret, named, pass]) expect(text).not.toContain(hidden);
});

it("a command logs its changes to the log's file, else to standard error", async () => {
  const log = join(file.folder, 'commands.log');
  const tokens = tokensIn(file.database);
  const config = await writeConfig(file.folder, { tokens, log: { file: log } });
  const run = (command: typeof apps, words: string, at = config, input = '') =>
    runInProcess(command, words.split(' '), at, input);
  const made = await run(apps, 'create --name x --scopes a --json');
  expect(made.stderr).toBe('');
  const { key, secret } = JSON.parse(made.stdout) as { key: string; secret: string };
  const rotated = JSON.parse((await run(apps, `rotate ${key} --json`)).stdout) as { secret: string };
  await run(apps, `revoke ${key} --issuer tokens`);
  await run(apps, `restore ${key} --issuer tokens`);
  await run(users, 'add ada --scopes a', config, 'correct horse battery\n');
  await run(users, 'delete ada');
  await run(apps, `delete ${key}`);
  const by = { by: 'command', actor: userInfo().username, host: hostname() };
  const audit = await linesOf(log, 'audit');
  expect(audit).toMatchObject([
    { ...by, action: 'app_created', app: key },
    { ...by, action: 'app_secret_rotated', app: key },
    { ...by, action: 'app_revoked', app: key, issuer: 'tokens' },
    { ...by, action: 'app_restored', app: key, issuer: 'tokens' },
    { ...by, action: 'user_created', user: 'ada' },
    { ...by, action: 'user_deleted', user: 'ada' },
    { ...by, action: 'app_deleted', app: key },
  ]);
  const text = await readFile(log, 'utf8');
  for (const hidden of [secret, rotated.secret, 'correct horse']) expect(text).not.toContain(hidden);

  const without = await writeConfig(file.folder, { tokens });
  const told = await run(apps, 'create --name y --scopes a --json', without);
  expect(JSON.parse(told.stderr)).toMatchObject({ ...by, action: 'app_created', msg: 'audit' });
});

it('the command also lists and revokes named tokens', async () => {
  const gate = await startGate(configOf({ level: 'silent' }));
  const app = await makeApp(gate, { name: 'Named', scopes: ['files_api'] });
  const form = { secret: app.secret, name: 'nightly', description: 'a job', permission: 'files_api' };
  const named = await makeNamed(gate, { ...form, expiration_date: '2099-01-01T00:00' });
  const config = await writeConfig(file.folder, {
    tokens: tokensIn(file.database),
    log: { level: 'silent' },
  });
  const run = (words: string) => runInProcess(apps, words.split(' '), config);
  const table = await run(`named-tokens ${app.key}`);
  expect(table.stdout).toMatch(/^JTI +APP +NAME +DESCRIPTION +CREATED +EXPIRES\n/);
  expect(table.stdout).toContain(`${jtiOf(named)}  ${app.key}  nightly  a job`);
  expect(JSON.parse((await run(`named-tokens ${app.key} --json`)).stdout)).toMatchObject({
    named_tokens: [{ jti: jtiOf(named), expires: '2099-01-01T00:00:00.000Z' }],
  });
  expect((await get(gate, '/files', named)).status).toBe(200);
  const revoked = await run(`revoke-token ${jtiOf(named)}`);
  expect([revoked.code, revoked.stdout]).toEqual([0, `revoked the token ${jtiOf(named)} of named\n`]);
  await expect.poll(async () => (await get(gate, '/files', named)).status, { timeout: 1000 }).toBe(401);
  expect(await run('revoke-token unknown')).toMatchObject({
    code: 1,
    stderr: 'tollgate: there is no named token "unknown"\n',
  });
  await gate.stop();
});

it.each([
  ['as a keyed hash', {}, /^[\w-]{16}$/, 'client_id_hash'],
  ['as it is, where the file says so', { client_ids: true }, /^canary-client$/, 'client_id'],
])('the id of a client that fails to authenticate is logged %s', async (_how, changes, expected, field) => {
  const log = join(file.folder, `failures-${field}.log`);
  const gate = await startGate(configOf({ level: 'info', file: log, ...changes }));
  const form = { client_id: 'canary-client', client_secret: 'canary-secret' };
  for (let i = 0; i < 2; i++)
    expect(
      (await postForm(gate, '/connect/token', { grant_type: 'client_credentials', ...form })).status,
    ).toBe(401);
  const login = { username: 'canary-client', password: 'canary-secret' };
  const body = JSON.stringify(login);
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${gate.url}/token`, { method: 'POST', body, headers })).status).toBe(400);
  await gate.stop();
  const lines = await linesOf(log, 'wrong credentials');
  expect(lines.map(({ endpoint }) => endpoint)).toEqual([
    'client_credentials',
    'client_credentials',
    'password',
  ]);
  expect(new Set(lines.map((line) => line[field])).size).toBe(1);
  for (const line of lines) {
    expect(line).toMatchObject({ client_ip: '127.0.0.1', request_id: expect.any(String) as string });
    expect(line[field]).toMatch(expected);
  }
  const text = await readFile(log, 'utf8');
  expect(text).not.toContain('canary-secret');
  expect(text.includes('canary-client')).toBe(field === 'client_id');
});
