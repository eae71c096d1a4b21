/** `tollgate apps` as run by a user: apps that may request tokens, and the kill switch. */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apps as command } from '../../src/cli/apps.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import {
  createDatabaseFile,
  tokensIn,
  writeConfig,
  type DatabaseFile,
  type MadeApp,
} from '../support/token-gate.js';
import { AUDIENCE } from '../support/tokens.js';
import { runInProcess, runWithInput } from '../support/run-command.js';

const ISSUERS = {
  outside: {
    issuer: 'https://outside.test',
    jwks: 'https://outside.test/jwks',
    audience: AUDIENCE,
    grants: ['*'],
  },
};

/** Audit lines have their own test. */
const SILENT = { level: 'silent' };

let file: DatabaseFile;
let config: string;
/** Without a token service, but with Redis. */
let onRedis: string;
const prefix = randomPrefix();

beforeAll(async () => {
  file = await createDatabaseFile();
  config = await writeConfig(file.folder, { tokens: tokensIn(file.database), issuers: ISSUERS, log: SILENT });
  const redis = { url: redisUrl(), key_prefix: prefix };
  onRedis = await writeConfig(file.folder, { redis, issuers: ISSUERS, log: SILENT });
});

afterAll(async () => {
  await file.remove();
  await removeKeys(prefix);
});

const apps = (words: string, at = config) => runInProcess(command, words.split(' ').filter(Boolean), at);

async function dataOf(words: string, at?: string): Promise<unknown> {
  const { code, stdout, stderr } = await apps(`${words} --json`, at);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('tollgate apps', () => {
  it('create shows the key and the secret once; list shows all but the secret; delete removes the app', async () => {
    const made = await apps(
      'create --name Sample --scopes orders:read,files_api --owner ada --organization Ltd',
    );
    expect([made.code, made.stderr]).toEqual([0, '']);
    const [, key, secret] = /^key +(\S+)\nsecret +(\S+)\n\n.*once.*\n$/.exec(made.stdout) ?? [];
    expect(key).toBeDefined();
    expect(Buffer.from(secret!, 'base64url')).toHaveLength(32);

    const [table, data] = await Promise.all([apps('list'), dataOf('list')]);
    const lines = table.stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines).toEqual([
      ['KEY', 'NAME', 'SCOPES', 'ORGANIZATION'],
      [key, 'Sample', 'orders:read,files_api', 'Ltd'],
      [''],
    ]);
    expect(data).toEqual({
      apps: [
        {
          key,
          name: 'Sample',
          scopes: ['orders:read', 'files_api'],
          organization: 'Ltd',
          owner: { uid: 'ada', uname: 'ada', uavatar: '' },
          created: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        },
      ],
    });

    const deleted = await apps(`delete ${key}`);
    expect([deleted.code, deleted.stderr]).toEqual([0, '']);
    expect(deleted.stdout).toMatch(new RegExp(`^deleted ${key};`));
    expect(await dataOf('list')).toEqual({ apps: [] });
    expect(await dataOf('revocations')).toMatchObject({
      revocations: [
        { kind: 'app', id: key, cause: 'deleted' },
        { kind: 'app', id: key, cause: 'deleted' },
      ],
    });
    const restored = await apps(`restore ${key} --issuer tokens`);
    expect([restored.code, restored.stdout]).toEqual([1, '']);
    expect(restored.stderr).toMatch(/^tollgate: .*or was deleted\n$/);
  });

  it('rotate gives another secret for the same key', async () => {
    const app = (await dataOf('create --name Rotated --scopes a')) as MadeApp;
    const [data, text] = [
      (await dataOf(`rotate ${app.key}`)) as MadeApp,
      (await apps(`rotate ${app.key}`)).stdout,
    ];
    expect(data.key).toBe(app.key);
    const [, third] = /^secret +(\S+)\n\n.*once.*\n$/.exec(text) ?? [];
    expect(new Set([app.secret, data.secret, third]).size).toBe(3);
    expect(third).toBeDefined();
  });

  it('rotate with an overlap says until when the old secret is accepted', async () => {
    const app = (await dataOf('create --name Rotated --scopes a')) as MadeApp;
    const { stdout } = await apps(`rotate ${app.key} --overlap 1h`);
    const [, end] = /; the old one is accepted until (\S+Z)\.\n$/.exec(stdout) ?? [];
    expect(Date.parse(end!)).toBeGreaterThan(Date.now() + 3_500_000);
    const { apps: all } = (await dataOf('list')) as { apps: MadeApp[] };
    expect(all.find(({ key }) => key === app.key)).toMatchObject({ previous_secret_until: end });
  });

  it.each([
    ['in the database', () => config],
    ['in Redis, without a token service', () => onRedis],
  ])('revoke, revocations and restore work with data kept %s', async (_where, at) => {
    expect(await dataOf('revoke app-1 --issuer outside', at())).toEqual({ app: 'app-1', issuer: 'outside' });
    const everywhere = await apps('revoke app-2', at());
    expect([everywhere.code, everywhere.stdout]).toEqual([0, 'revoked app-2 at every issuer\n']);

    const table = await apps('revocations', at());
    expect(table.stdout).toMatch(/^KIND +ID +ISSUER +SINCE +CAUSE\n/);
    expect(table.stdout).toMatch(/^app +app-1 +outside +\d{4}-\S+Z +revoked$/m);
    expect(table.stdout).toMatch(/^app +app-2 +\(every issuer\) +\d{4}-\S+Z +revoked$/m);

    const restored = await apps('restore app-1 --issuer outside', at());
    expect([restored.code, restored.stdout]).toEqual([0, 'restored app-1 at outside\n']);
    expect(await dataOf('restore app-2', at())).toEqual({ app: 'app-2' });
    const again = await apps('restore app-2', at());
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toMatch(/^tollgate: app-2 is not revoked at every issuer.*\n$/);
    expect(JSON.stringify(await dataOf('revocations', at()))).not.toMatch(/app-[12]/);
  });

  it.each([
    ['delete of an app that is not there', 'delete nobody', /there is no app "nobody"/],
    ['rotate of an app that is not there', 'rotate nobody', /there is no app "nobody"/],
    ['rotate with a longer overlap', 'rotate nobody --overlap 31d', /at most 30d/],
    ['create with a scope that is none', 'create --name x --scopes a"b', /"a"b" is no scope/],
    ['revoke at an issuer that the file has not', 'revoke x --issuer y', /unknown issuer "y"; .*outside/],
  ])('refuses %s with exit code 1 and one clear line', async (_what, words, message) => {
    const { code, stdout, stderr } = await apps(words);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^tollgate: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it.each([
    ['no word', ''],
    ['an unknown word', 'rename x'],
    ['a create without a name', 'create --scopes a'],
    ['a create without scopes', 'create --name x'],
    ['scopes that are only commas', 'create --name x --scopes ,'],
    ['a delete without a key', 'delete'],
    ['a rotate without a key', 'rotate'],
    ['a revoke without an id', 'revoke'],
    ['a word where none belongs', 'list all'],
    ['a name that is no option', 'create Sample --name x --scopes a'],
    ['a word behind revocations', 'revocations all'],
  ])('rejects wrong usage with exit code 2: %s', async (_what, words) => {
    const { code, stdout, stderr } = await apps(words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tollgate: [^\n]+\n$/);
  });

  it('needs a store: without one, exit code 1 and one clear line', async () => {
    const bare = await writeConfig(file.folder, { issuers: ISSUERS });
    const nowhere = {
      code: 1,
      stdout: '',
      stderr: 'tollgate: this needs a store for revocations: `tokens.database` or `redis` in the file\n',
    };
    expect(await apps('revoke app-1', bare)).toEqual(nowhere);
    expect(await apps('revocations', bare)).toEqual(nowhere);
    const noApps = 'tollgate: apps need the `tokens` section in the file\n';
    expect(await apps('list', onRedis)).toEqual({ code: 1, stdout: '', stderr: noApps });
  });

  it('reports that Redis, its only store, is unavailable', async () => {
    const away = await writeConfig(file.folder, { redis: 'redis://127.0.0.1:1', issuers: ISSUERS });
    const { code, stdout, stderr } = await apps('revoke app-1', away);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/tollgate: the revocation could not be recorded\n$/);
  });

  it('reports wrong usage before anything is opened', async () => {
    const elsewhere = await createDatabaseFile();
    const at = await writeConfig(elsewhere.folder, { tokens: tokensIn(elsewhere.database) });
    for (const words of ['create --name x', 'delete', 'list all']) {
      expect((await apps(words, at)).code).toBe(2);
    }
    expect(await readdir(elsewhere.folder)).toEqual([basename(at)]);
    await elsewhere.remove();
  });

  it('works the same as a process: exit codes 0, 1 and 2, and no secret on standard error', async () => {
    const run = (...words: string[]) => runWithInput(['apps', ...words, '-c', config], '');
    const [made, refused, tooMany, secret] = await Promise.all([
      run('create', '--name', 'Process', '--scopes', 'a', '--json'),
      run('delete', 'nobody'),
      run('delete', 'a', 'b'),
      run('create', '--name', 'x', '--scopes', 'a', '--secret', 'y'),
    ]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(made.stdout)).toMatchObject({ name: 'Process', scopes: ['a'] });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'tollgate: there is no app "nobody"\n' });
    for (const wrong of [tooMany, secret]) {
      expect(wrong).toMatchObject({ code: 2, stdout: '' });
      expect(wrong.stderr).toMatch(/^tollgate: [^\n]+\n$/);
    }
  });
});
