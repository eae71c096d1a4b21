/** docs/upgrade-backup-keys.md: its commands do what they are said to do, and callers notice what it says. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startCommand } from '../support/command.js';
import { blockAfter } from '../support/docs-block.js';
import { ADMIN_TOKEN, startGate, type Config, type TestGate } from '../support/gate.js';
import { startRedis } from '../support/redis.js';
import {
  administer,
  createDatabaseFile,
  get,
  issueToken,
  makeApp,
  tokensIn,
  writeConfig,
  type DatabaseFile,
} from '../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const PAGE = 'docs/upgrade-backup-keys.md';
const run = promisify(execFile);
const hasSqlite = await run('sqlite3', ['--version']).then(
  () => true,
  () => false,
);

let upstream: EchoUpstream;
let file: DatabaseFile;

beforeAll(async () => {
  upstream = await startEchoUpstream();
  file = await createDatabaseFile();
});
afterAll(() => Promise.all([upstream.close(), file.remove()]));

/** A process of its own that issues tokens from the registry of this file: when it has ended, nothing has it open. */
async function start(more: object = {}): Promise<TestGate> {
  const config = await writeConfig(file.folder, {
    tokens: { ...tokensIn(file.database), ...more },
    upstreams: { service: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }],
  });
  const command = startCommand(['start', '-c', config], { env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN } });
  onTestFinished(() => command.close());
  const [, port = '', adminPort = ''] = await command.until(
    /"address":\{[^}]*"port":(\d+)\},"admin":\{[^}]*"port":(\d+)\}/,
  );
  return {
    url: `http://127.0.0.1:${port}`,
    port: Number(port),
    adminUrl: `http://127.0.0.1:${adminPort}`,
    records: [],
    reload: () => Promise.resolve(false),
    stop: () => command.close(),
  };
}

/** Runs a command of the page on this test's files. */
async function runCommandAfter(text: string): Promise<void> {
  const command = blockAfter(PAGE, text, 'sh')
    .replaceAll('/var/lib/tollgate', file.folder)
    .replaceAll('/var/backups/tollgate.db', join(file.folder, 'copy.db'));
  await run('sh', ['-c', command]);
}

const newKey = (): string => randomBytes(32).toString('base64');

// The command is a package of its own on most systems.
describe.skipIf(!hasSqlite)('with SQLite', { timeout: 60_000 }, () => {
  it('a backup of a running gateway, restored, has the apps and tokens of that time', async () => {
    const gate = await start();
    const app = await makeApp(gate, { name: 'kept', scopes: ['orders:read'] });
    const token = await issueToken(gate, app);
    await runCommandAfter('## Back up');
    expect((await administer(gate, 'DELETE', `/api/apps/${app.key}`)).status).toBe(204);
    await gate.stop();
    for (const end of ['', '-wal', '-shm']) await rm(join(file.folder, `tollgate.db${end}`), { force: true });
    await copyFile(join(file.folder, 'copy.db'), join(file.folder, 'tollgate.db'));
    const restored = await start();
    expect((await get(restored, '/orders', token)).status).toBe(200);
    expect(await issueToken(restored, app)).toMatch(/^ey/);
  });

  it('key_encryption_key encrypts the keys at the next start, it can be replaced, and tokens stay valid', async () => {
    const first = await start();
    const app = await makeApp(first, { name: 'encrypted', scopes: ['orders:read'] });
    const token = await issueToken(first, app);
    await first.stop();
    const [old, replaced] = [newKey(), newKey()];
    for (const keys of [
      { key_encryption_key: old },
      { key_encryption_key: replaced, previous_key_encryption_key: old },
      { key_encryption_key: replaced },
    ]) {
      const next = await start(keys);
      expect((await get(next, '/orders', token)).status).toBe(200);
      await next.stop();
    }
    const withOld = start({ key_encryption_key: old });
    await expect(withOld).rejects.toThrow('they were encrypted with another key_encryption_key');
    await expect(start()).rejects.toThrow('the signing keys are encrypted: key_encryption_key must be set');
  });

  it('without its signing keys a gateway makes new ones: old tokens are 401, and apps get new tokens', async () => {
    // The test before this one has encrypted the keys, and nobody has its key_encryption_key.
    await runCommandAfter("### The gateway's signing keys");
    const before = await start();
    const app = await makeApp(before, { name: 'renewed', scopes: ['orders:read'] });
    const token = await issueToken(before, app);
    expect((await get(before, '/orders', token)).status).toBe(200);
    await before.stop();
    await runCommandAfter("### The gateway's signing keys");
    const after = await start({ key_encryption_key: newKey() });
    expect((await get(after, '/orders', token)).status).toBe(401);
    expect((await get(after, '/orders', await issueToken(after, app))).status).toBe(200);
  });
});

it('the password of Redis changes without a refusal, and the counts are kept', async () => {
  const server = await startRedis();
  onTestFinished(() => server.close());
  const admin = new Redis(server.url);
  onTestFinished(() => admin.quit().then(() => undefined));
  await admin.call('ACL', 'SETUSER', 'tollgate', 'on', '>old', '~*', '&*', '+@all');
  const [add, remove] = ['### The password of Redis', 'When all have it:'].map((text) =>
    blockAfter(PAGE, text).replace('NEW', 'new').replace('OLD', 'old').split(' '),
  );
  const configWith = (password: string): Config => ({
    redis: { url: server.url, username: 'tollgate', password, on_failure: 'closed', timeout: '10s' },
    upstreams: { service: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true, limit: '10 per 2m' }],
  });
  const gate = await startGate(configWith('old'));
  onTestFinished(() => gate.stop());
  const remaining = async (): Promise<string | null> =>
    (await get(gate, '/orders')).headers.get('x-ratelimit-remaining');
  expect(await remaining()).toBe('9');
  await admin.call(...(add as [string, ...string[]]));
  expect(await gate.reload(configWith('new'))).toBe(true);
  expect(await remaining()).toBe('8');
  await admin.call(...(remove as [string, ...string[]]));
  expect(await remaining()).toBe('7');
  const withOld = new Redis(server.url, { username: 'tollgate', password: 'old', retryStrategy: () => null });
  const [refused] = (await once(withOld, 'error')) as [Error];
  expect(refused.message).toMatch(/^WRONGPASS/);
  expect(gate.records.map(({ status }) => status)).toEqual([200, 200, 200]);
});
