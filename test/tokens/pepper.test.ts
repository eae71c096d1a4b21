/** The pepper of a registry: a gateway or a command with another one reports it, and changes nothing. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apps as command } from '../../src/cli/apps.js';
import { readAdminToken } from '../../src/app/admin-token.js';
import { processRuntime } from '../../src/app/runtime.js';
import { openTokenService } from '../../src/app/token-service.js';
import { SILENT } from '../redis/logs.js';
import { runCommand } from '../support/command.js';
import { createDatabaseFile, tokensIn, writeConfig, type DatabaseFile } from '../support/token-gate.js';
import { runInProcess } from '../support/run-command.js';

let file: DatabaseFile;
let config: string;

beforeAll(async () => {
  file = await createDatabaseFile();
  config = await writeConfig(file.folder, { tokens: tokensIn(file.database) });
});

afterAll(() => file.remove());

/** Opens the token service as a gateway does, and closes it again. */
async function openWith(env: Record<string, string>): Promise<void> {
  const path = file.database.slice('sqlite:'.length);
  const loadContext = {
    database: { kind: 'sqlite', path },
    keyEncryptionKey: undefined,
    previousKeyEncryptionKey: undefined,
    longestLifetimeMs: undefined,
  } as const;
  const opened = await openTokenService(loadContext, processRuntime(SILENT, env));
  await opened.close();
}

it('a gateway without the original pepper, or with another, reports it and does not start', async () => {
  await openWith({ TOLLGATE_PEPPER: 'the first pepper' });
  await openWith({ TOLLGATE_PEPPER: 'the first pepper' });
  await expect(openWith({ TOLLGATE_PEPPER: 'another' })).rejects.toThrow(
    /^TOLLGATE_PEPPER is not the pepper that the secrets in this registry were hashed with$/,
  );
  for (const env of [{}, { TOLLGATE_PEPPER: '' }])
    await expect(openWith(env)).rejects.toThrow(/were hashed with a TOLLGATE_PEPPER, but none is set$/);
});

it('a command with another pepper creates no app', async () => {
  const { code, stdout, stderr } = await runCommand(
    ['apps', 'create', '--name', 'x', '--scopes', 'a', '-c', config],
    { env: { TOLLGATE_PEPPER: 'another' } },
  );
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^tollgate: TOLLGATE_PEPPER is not the pepper [^\n]+\n$/);
});

it('an empty TOLLGATE_PEPPER is treated as missing: the registry has its own', async () => {
  await rm(file.database.slice('sqlite:'.length));
  await openWith({ TOLLGATE_PEPPER: '' });
  await openWith({});
  expect((await runInProcess(command, ['list'], config)).code).toBe(0);
  await expect(openWith({ TOLLGATE_PEPPER: 'later' })).rejects.toThrow('is not the pepper');
});

it("an administrator's credential under 24 characters is refused, and an empty one is treated as missing", async () => {
  await expect(readAdminToken({ TOLLGATE_ADMIN_TOKEN: 'x'.repeat(23) })).rejects.toThrow(
    'TOLLGATE_ADMIN_TOKEN must have at least 24 characters; make one with: openssl rand -base64 32',
  );
  const token = 'x'.repeat(24);
  expect(await readAdminToken({ TOLLGATE_ADMIN_TOKEN: token })).toEqual({ token, file: undefined });
});
