/** `tollgate users` as run by a user: the password is read from standard input, and appears in no output. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users as command } from '../../src/cli/users.js';
import { createDatabaseFile, tokensIn, writeConfig, type DatabaseFile } from '../support/token-gate.js';
import { runInProcess, runWithInput } from '../support/run-command.js';

const TIME = expect.stringMatching(/^\d{4}-.*Z$/) as string;
const PASSWORD = 'correct horse battery staple';

let file: DatabaseFile;
let config: string;

beforeAll(async () => {
  file = await createDatabaseFile();
  config = await writeConfig(file.folder, { tokens: tokensIn(file.database), log: { level: 'silent' } });
});

afterAll(() => file.remove());

const users = (words: string, input = '') =>
  runInProcess(command, words.split(' ').filter(Boolean), config, input);

describe('tollgate users', () => {
  it('adds, lists and deletes; with --json as data', async () => {
    const added = await users(
      'add ada --scopes orders:read,files_api --organization Sample',
      `${PASSWORD}\n`,
    );
    expect(added).toEqual({ code: 0, stdout: 'added ada\n', stderr: '' });
    const second = await users('add grace --scopes * --json', PASSWORD);
    expect([second.code, JSON.parse(second.stdout)]).toEqual([0, { name: 'grace' }]);

    const [table, data] = await Promise.all([users('list'), users('list --json')]);
    expect(table.stdout).toBe(
      'NAME   SCOPES                 ORGANIZATION\nada    orders:read,files_api  Sample\ngrace  *\n',
    );
    expect([data.code, JSON.parse(data.stdout)]).toEqual([
      0,
      {
        users: [
          { name: 'ada', scopes: ['orders:read', 'files_api'], organization: 'Sample', created: TIME },
          { name: 'grace', scopes: ['*'], created: TIME },
        ],
      },
    ]);

    const deleted = await users('delete ada');
    expect([deleted.code, deleted.stderr]).toEqual([0, '']);
    expect(deleted.stdout).toMatch(/^deleted ada/);
    expect(JSON.parse((await users('list --json')).stdout)).toMatchObject({ users: [{ name: 'grace' }] });
  });

  it('adds a user without scopes', async () => {
    expect(await users('add edsger', PASSWORD)).toMatchObject({ code: 0, stdout: 'added edsger\n' });
    expect(JSON.parse((await users('list --json')).stdout)).toMatchObject({
      users: expect.arrayContaining([{ name: 'edsger', scopes: [], created: TIME }]) as unknown,
    });
    expect((await users('delete edsger')).code).toBe(0);
  });

  it.each([
    ['a name that is taken', 'add taken --scopes a', /^tollgate: there is a user "taken" already\n$/],
    ['a scope that is none', 'add x --scopes a"b', /^tollgate: "a"b" is no scope\n$/],
    ['nobody who could be deleted', 'delete nobody', /^tollgate: there is no user "nobody"\n$/],
  ])('refuses %s with exit code 1 and one clear line', async (what, words, message) => {
    if (what.includes('taken')) await users('add taken --scopes a', PASSWORD);
    const { code, stdout, stderr } = await users(words, PASSWORD);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(PASSWORD);
  });

  it.each([
    ['none', ''],
    ['an empty line', '\n'],
    ['one that is too short', 'abc\n'],
  ])('refuses an invalid password with exit code 1: %s', async (_what, input) => {
    const { code, stdout, stderr } = await users('add short --scopes a', input);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^tollgate: .*password.*\n$/i);
    expect(stderr).not.toContain('abc');
  });

  it.each([
    ['no word', ''],
    ['an unknown word', 'rename ada'],
    ['no name', 'add --scopes a'],
    ['nobody to delete', 'delete'],
    ['a word where none belongs', 'list all'],
  ])('rejects wrong usage with exit code 2: %s', async (_what, words) => {
    const { code, stdout, stderr } = await users(words, PASSWORD);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^tollgate: .+\n$/);
    expect(stderr).not.toContain(PASSWORD);
  });

  it('needs the tokens section: exit code 1 and one clear line', async () => {
    const bare = await writeConfig(file.folder, {});
    expect(await runInProcess(command, ['list'], bare)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tollgate: users need the `tokens` section in the file\n',
    });
  });

  it('works the same as a process: exit codes 0, 1 and 2, and the password in no output', async () => {
    const run = (...words: string[]) =>
      runWithInput(['users', ...words, '--scopes', 'a', '-c', config], `${PASSWORD}\n`);
    const [added, refused, argument, owner] = await Promise.all([
      run('add', 'process'),
      run('delete', 'nobody'),
      run('add', 'process', 'a-password'),
      run('add', 'process', '--owner', 'x'),
    ]);
    expect(added).toEqual({ code: 0, stdout: 'added process\n', stderr: '' });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'tollgate: there is no user "nobody"\n' });
    for (const wrong of [argument, owner]) expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });
});
