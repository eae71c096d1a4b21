/**
 * A login session that ends at one gateway, by revocation, replay or deletion of its user, ends at all
 * gateways.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../src/cli/users.js';
import { startCommand } from '../support/command.js';
import { startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import {
  createDatabaseFile,
  get,
  makeApp,
  postForm,
  tokensIn,
  writeConfig,
  type DatabaseFile,
} from '../support/token-gate.js';
import { runInProcess } from '../support/run-command.js';

const PASSWORD = 'correct horse battery staple';
const BEHIND = encodeURIComponent('const now = Date.now; Date.now = () => now() - 30000;');

let upstream: Server;
let folder: DatabaseFile;
let postgres: OwnDatabase;

beforeAll(async () => {
  [folder, postgres] = await Promise.all([createDatabaseFile(), createDatabase()]);
  upstream = createServer((_req, res) => res.end('ok'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  upstream.close();
  await Promise.all([folder.remove(), postgres.drop()]);
});

interface Login {
  readonly token: string;
  readonly refresh_token: string;
}

describe.each(['SQLite', 'PostgreSQL'] as const)('with two gateways that share a registry in %s', (kind) => {
  let gates: TestGate[];
  let config: string;
  let schema = '';

  beforeAll(async () => {
    let { database } = folder;
    if (kind === 'PostgreSQL') {
      database = await postgres.createSchema();
      schema = /search_path%3D(\w+)/.exec(database)![1]!;
    }
    const settings = {
      tokens: tokensIn(database),
      revocation_cache: false as const,
      upstreams: { service: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
      routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: 'none' as const }],
    };
    config = await writeConfig(folder.folder, { ...settings, log: { level: 'silent' } });
    gates = [await startGate(settings), await startGate(settings)];
  });
  afterAll(() => Promise.all(gates.map((gate) => gate.stop())));

  const add = async (name: string): Promise<void> => {
    const added = await runInProcess(users, ['add', name, '--scopes', 'orders:read'], config, PASSWORD);
    expect(added).toMatchObject({ code: 0 });
  };
  const post = (at: number, body: object, path = '/token') =>
    fetch(`${gates[at]!.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const login = async (at: number, username: string): Promise<Login> => {
    const response = await post(at, { username, password: PASSWORD });
    expect(response.status).toBe(200);
    return (await response.json()) as Login;
  };
  const statuses = (token: string) =>
    Promise.all(gates.map(async (gate) => (await get(gate, '/orders', token)).status));
  /** Moves the replay window into the past, as time would. */
  async function execute(statement: string): Promise<void> {
    if (kind === 'PostgreSQL') {
      await postgres.query(`SET search_path = ${schema}; ${statement}`);
      return;
    }
    const file = new DatabaseSync(folder.database.replace('sqlite:', ''));
    file.exec(statement);
    file.close();
  }
  const deleteElsewhere = (name: string) => {
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${BEHIND}` };
    return startCommand(['users', 'delete', name, '-c', config], { cwd: folder.folder, env });
  };

  /** Sends requests until both gateways refuse; returns milliseconds. */
  async function untilRefused(token: string): Promise<number> {
    const since = performance.now();
    await expect.poll(() => statuses(token), { timeout: 3000, interval: 20 }).toEqual([401, 401]);
    return performance.now() - since;
  }

  it('revoking a refresh token at one gateway ends its access token at both within a second', async () => {
    await add('ada');
    const [mine, another] = [await login(0, 'ada'), await login(1, 'ada')];
    expect(await statuses(mine.token)).toEqual([200, 200]);
    const { key, secret } = await makeApp(gates[1]!, { name: 'Sample', scopes: ['orders:read'] });
    const form = { token: mine.refresh_token, client_id: key, client_secret: secret };
    const revoked = await postForm(gates[0]!, '/revoke', form);
    expect(revoked.status).toBe(200);
    expect(await untilRefused(mine.token)).toBeLessThan(1000);
    expect(await statuses(another.token)).toEqual([200, 200]);
  });

  it('reusing a refresh token ends the tokens of its login within a second', async () => {
    await add('grace');
    const first = await login(0, 'grace');
    const second = (await (await post(1, { refresh_token: first.refresh_token })).json()) as Login;
    const third = (await (await post(0, { refresh_token: second.refresh_token })).json()) as Login;
    expect(await statuses(third.token)).toEqual([200, 200]);
    // A repeat within a few seconds may be a client's retry.
    expect((await post(1, { refresh_token: first.refresh_token })).status).toBe(400);
    expect(await statuses(third.token)).toEqual([200, 200]);
    await execute('UPDATE refresh_tokens SET used_at_ms = used_at_ms - 6000');
    expect((await post(1, { refresh_token: first.refresh_token })).status).toBe(400);
    expect(await untilRefused(third.token)).toBeLessThan(1000);
    expect(await statuses(first.token)).toEqual([401, 401]);
  });

  it('a user deleted on a machine whose clock is half a minute slow is refused, and a new user of the same name is not', async () => {
    await add('edsger');
    const before = await login(0, 'edsger');
    expect(await statuses(before.token)).toEqual([200, 200]);
    const deletion = deleteElsewhere('edsger');
    expect(await deletion.ended).toMatchObject({ code: 0 });
    expect(await untilRefused(before.token)).toBeLessThan(1000);
    expect((await post(0, { refresh_token: before.refresh_token })).status).toBe(400);
    expect((await post(1, { username: 'edsger', password: PASSWORD })).status).toBe(400);
    await add('edsger');
    for (const at of [0, 1]) expect(await statuses((await login(at, 'edsger')).token)).toEqual([200, 200]);
    expect(await statuses(before.token)).toEqual([401, 401]);
  });

  it.runIf(kind === 'PostgreSQL')(
    'a token issued while the deletion waits for a lock is refused',
    async () => {
      await add('barbara');
      await postgres.query(`BEGIN; UPDATE ${schema}.revisions SET value = value WHERE name = 'revocations'`);
      const deletion = deleteElsewhere('barbara');
      const waits = 'SELECT 1 FROM pg_locks WHERE NOT granted';
      await expect.poll(() => postgres.query(waits), { timeout: 5000 }).toHaveLength(1);
      const { token } = await login(0, 'barbara');
      await postgres.query('COMMIT');
      expect(await deletion.ended).toMatchObject({ code: 0 });
      expect(await untilRefused(token)).toBeLessThan(1000);
    },
  );
});
