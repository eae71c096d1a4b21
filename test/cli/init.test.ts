/** `tollgate init`: the first file of a stranger. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand, startCommand } from '../support/command.js';
import { runHere } from '../support/run-command.js';
import { freePort } from '../support/redis.js';
import { until } from '../support/until.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-init-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => runHere(args, { cwd: folder });

describe('tollgate init', () => {
  it('writes a file that check accepts without a warning, and says what to do next', async () => {
    const { code, stdout, stderr } = await runCommand(['init'], { cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout)
      .toBe(`config/gateway.yaml is written. Change the lines that are marked with (1) to (4), then:

  tollgate check           reports mistakes, and who can open each route
  tollgate check --online  asks whether the issuer and the service respond
  tollgate start           runs the gateway
`);
    const checked = await run('check', '--strict');
    expect([checked.code, checked.stderr]).toEqual([0, '']);
    const text = await readFile(join(folder, 'config/gateway.yaml'), 'utf8');
    for (const mark of ['# (1)', '# (2)', '# (3)', '# (4)']) expect(text).toContain(mark);
  });

  it('writes to the file of -c, makes its folder, and quotes its name for a shell', async () => {
    const { code, stdout } = await run('init', '-c', 'new folder/my.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain("\n  tollgate start -c 'new folder/my.yaml'");
    expect((await run('check', '-c', 'new folder/my.yaml')).code).toBe(0);
  });

  it('never overwrites a file', async () => {
    await writeFile(join(folder, 'mine.yaml'), '# mine\n');
    const { code, stdout, stderr } = await run('init', '-c', 'mine.yaml');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('tollgate: mine.yaml already exists and is not overwritten\n');
    expect(await readFile(join(folder, 'mine.yaml'), 'utf8')).toBe('# mine\n');
  });

  it('writes a file with which the gateway starts, although issuer and service are unavailable', async () => {
    await run('init');
    const env = { TOLLGATE_LISTEN: '127.0.0.1:0', TOLLGATE_ADMIN: `127.0.0.1:${await freePort()}` };
    const gateway = startCommand(['start'], { cwd: folder, env });
    await gateway.until(/gateway started/);
    await until(async () => (await fetch(`http://${env.TOLLGATE_ADMIN}/healthz`)).ok);
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toEqual({ code: 0, signal: null });
  });
});
