/** `tollgate check --online` as run by a user: one line for each dependency, exit codes, and progress on a terminal. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withProgress } from '../../src/cli/progress.js';
import { runCommand } from '../support/command.js';
import { runHere } from '../support/run-command.js';
import { freePort } from '../support/redis.js';

let folder: string;
const up = createServer((_request, response) => void response.end());
const hanging = createTcp();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-check-online-'));
  for (const server of [up, hanging]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  up.close();
  hanging.close();
  await rm(folder, { recursive: true });
});

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

/** A file with one upstream and one public route. */
async function write(origin: string): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  const config = {
    upstreams: { files: origin },
    issuers: {},
    routes: [{ match: 'GET /a', upstream: 'files', public: true, limit: 'none' }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

describe('check --online', () => {
  it('prints a line for what is reachable, and exits with 0', async () => {
    const origin = `http://127.0.0.1:${portOf(up)}`;
    const { code, stdout, stderr } = await runCommand(['check', '--online', '-c', await write(origin)]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\n\nok {2}upstream files {2}http:\S+ {2}accepts connections \(\d+ ms\)\n$/);
  });

  it('prints what to do about what is not, and exits with 1', async () => {
    const origin = `http://127.0.0.1:${await freePort()}`;
    const file = await write(origin);
    const text = 'nothing listens there (ECONNREFUSED); start it, or correct "targets"';
    const { code, stdout, stderr } = await runHere(['check', '--online', '-c', file]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/: 1 route, 0 issuers, 0 expectations held\n/);
    expect(stdout).toContain(`\n\nFAILED  upstream files  ${origin}  ${text}\n`);
    const machine = await runHere(['check', '--online', '--json', '-c', file]);
    expect(machine.code).toBe(1);
    expect(JSON.parse(machine.stdout)).toMatchObject({
      ok: false,
      problems: [],
      online: [
        {
          kind: 'upstream',
          name: 'files',
          place: origin,
          ok: false,
          text,
          duration_ms: expect.any(Number) as number,
        },
      ],
    });
  });

  it('asks nothing where the file is invalid', async () => {
    const file = await write('http://127.0.0.1:9');
    await writeFile(file, 'routes: []\n');
    const { code, stdout } = await runHere(['check', '--online', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
  });

  const hasTerminal = spawnSync('script', ['--version']).status === 0;

  it.skipIf(!hasTerminal)('shows on a terminal what it waits for, and clears it', async () => {
    const file = await write(`https://127.0.0.1:${portOf(hanging)}`);
    const command = `"${process.execPath}" dist/cli/main.js check --online -c "${file}"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', `script -qc '${command}' /dev/null; true`]);
    const line = '\r\u001B[2Kasking upstreams, issuers and stores: 0 have responded';
    expect(stdout).toContain(line);
    expect(stdout.lastIndexOf('\r\u001B[2K')).toBeGreaterThan(stdout.lastIndexOf(line));
    expect(stdout.slice(stdout.lastIndexOf('\r\u001B[2K'))).toContain('FAILED  upstream files');
  });
});

describe('withProgress', () => {
  const shownDuring = async (work: Promise<unknown>) => {
    const shown: (string | undefined)[] = [];
    const result = await withProgress(
      { showStatus: (line) => shown.push(line) },
      () => 'waiting',
      work,
    ).catch((error: unknown) => error);
    return { shown, result };
  };

  it('shows nothing for quick work', async () => {
    expect(await shownDuring(Promise.resolve(7))).toEqual({ shown: [], result: 7 });
  });

  it('clears its line also where the work fails', async () => {
    const failure = new Error('failed');
    const slow = new Promise((_resolve, reject) => setTimeout(reject, 1600, failure));
    const { shown, result } = await shownDuring(slow);
    expect(result).toBe(failure);
    expect(shown.length).toBeGreaterThanOrEqual(3);
    expect(shown.at(-1)).toBeUndefined();
    expect(new Set(shown.slice(0, -1))).toEqual(new Set(['waiting']));
  });
});
