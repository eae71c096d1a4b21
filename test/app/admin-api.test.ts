/** /api of the admin port on every gateway, and a start where its credential cannot be written. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../support/command.js';
import { redisUrl } from '../support/redis.js';

let folder: string;
/** A data folder that cannot be made, by no user: its parent is a file. */
let unwritable: string;
const running: RunningCommand[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-admin-api-'));
  await writeFile(join(folder, 'file'), '');
  unwritable = join(folder, 'file', 'data');
});
afterAll(async () => {
  await Promise.all(running.map((command) => command.close()));
  await rm(folder, { recursive: true });
});

let files = 0;
async function fileOf(more: object = {}): Promise<string> {
  const file = join(folder, `gateway-${(files += 1)}.yaml`);
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    jwks_cache: false,
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
    ...more,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function start(file: string, env: Record<string, string>) {
  const command = startCommand(['start', '-c', file], { cwd: folder, env });
  running.push(command);
  const [line] = await command.until(/^.*gateway started.*$/m);
  const { admin } = JSON.parse(line) as { admin: { port: number } };
  const api = `http://127.0.0.1:${admin.port}/api/refusals`;
  const lines = command.stdout().match(/^.*\/api of the admin port is off.*$/gm) ?? [];
  return { command, api, lines: lines.map((each) => JSON.parse(each) as Record<string, unknown>) };
}

const OFF = "/api of the admin port is off: there is no administrator's credential; set TOLLGATE_ADMIN_TOKEN";

describe('a gateway without a store for revocations', { timeout: 60_000 }, () => {
  it('has /api, with the credential that its start writes', async () => {
    const { api, lines } = await start(await fileOf(), { TOLLGATE_DATA: join(folder, 'data') });
    expect(lines).toEqual([]);
    expect((await fetch(api)).status).toBe(401);
    const token = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
    const response = await fetch(api, { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.json()]).toEqual([200, { refusals: [], shadow: [] }]);
  });

  it('says at the start where the credential is, and not again at a reload', async () => {
    const { command } = await start(await fileOf(), { TOLLGATE_DATA: join(folder, 'data') });
    command.signal('SIGHUP');
    await command.until(/configuration reloaded/);
    expect(command.stdout().split("the administrator's credential")).toHaveLength(2);
  });

  it('starts without /api where the credential cannot be written, and says so in one line', async () => {
    const { command, api, lines } = await start(await fileOf(), { TOLLGATE_DATA: unwritable });
    expect(lines).toMatchObject([{ level: 'warn', msg: OFF }]);
    expect(lines[0]?.['problem']).toMatch(/ENOTDIR/);
    expect((await fetch(api, { headers: { authorization: 'Bearer ' } })).status).toBe(404);
    command.signal('SIGHUP');
    await command.until(/configuration reloaded/);
    expect(command.stdout().split(OFF)).toHaveLength(2);
  });

  it('starts without /api where the credential of the environment is too short', async () => {
    const { api, lines } = await start(await fileOf(), { TOLLGATE_ADMIN_TOKEN: 'short' });
    expect(lines[0]?.['problem']).toMatch(/at least 24 characters/);
    expect((await fetch(api, { headers: { authorization: 'Bearer short' } })).status).toBe(404);
  });
});

it('A gateway with a store for revocations does not start without the credential', async () => {
  for (const workers of [1, 2]) {
    const file = await fileOf({ workers, redis: redisUrl() });
    const env = { TOLLGATE_DATA: unwritable };
    const { code, stderr } = await runCommand(['start', '-c', file], { cwd: folder, env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tollgate: .* cannot be opened \(ENOTDIR\)\n$/);
  }
}, 60_000);
