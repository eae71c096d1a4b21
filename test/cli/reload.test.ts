/** `tollgate start` and its file: how a running process notices a change, and what it logs. */
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCommand, type RunningCommand } from '../support/command.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

let upstream: EchoUpstream;
let folder: string;
let gate: RunningCommand;
let url: string;

beforeAll(async () => {
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
});
afterAll(() => upstream.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-reload-'));
});
afterEach(async () => {
  await gate.close();
  await rm(folder, { recursive: true });
});

/** Files with one path each; JSON is also YAML. */
function textOf(path: string, more: object = {}): string {
  return JSON.stringify({
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    upstreams: { echo: upstream.origin },
    routes: [{ match: `GET ${path}`, upstream: 'echo', public: true, limit: 'none' }],
    ...more,
  });
}

async function open(file: string): Promise<void> {
  gate = startCommand(['start', '-c', file]);
  const [line] = await gate.until(/^.*gateway started.*$/m);
  url = `http://127.0.0.1:${(JSON.parse(line) as { address: { port: number } }).address.port}`;
}

async function untilServed(path: string): Promise<void> {
  while ((await fetch(url + path)).status !== 200) await sleep(50);
}

describe('a running gateway reloads its file', () => {
  it('when it is written in place, replaced by a rename, or on SIGHUP; an invalid one is reported with its lines', async () => {
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, textOf('/one'));
    await open(file);
    await untilServed('/one');
    await writeFile(file, textOf('/two'));
    await untilServed('/two');
    await writeFile(`${file}.swp`, textOf('/three'));
    await rename(`${file}.swp`, file);
    await untilServed('/three');

    await writeFile(file, 'routes:\n  - {match: GET /four, nonsense: 1}\n');
    gate.signal('SIGHUP');
    await gate.until(
      /gateway\.yaml:2:\d+: unknown key \\"nonsense\\".*the previous configuration stays in force/,
    );
    await untilServed('/three');

    await writeFile(file, textOf('/five', { workers: 1, listen: '127.0.0.1:1', log: { level: 'warn' } }));
    gate.signal('SIGHUP');
    await gate.until(/"keys":\["listen"\].*take effect after a restart/);
    await untilServed('/five');
    gate.signal('SIGTERM');
    expect(await gate.ended).toEqual({ code: 0, signal: null });
    expect(gate.stderr()).toBe('');
  });

  it('through the links of a ConfigMap, and when a file that it names changes', async () => {
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, 'gateway.yaml'), textOf(`/v${version}`));
    }
    await symlink('..1', join(folder, '..data'));
    await symlink(join('..data', 'gateway.yaml'), join(folder, 'gateway.yaml'));
    await open(join(folder, 'gateway.yaml'));
    await untilServed('/v1');
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await untilServed('/v2');
  });

  it('and on SIGHUP opens a new log file, also while it drains', async () => {
    const file = join(folder, 'gateway.yaml');
    const log = join(folder, 'gate.log');
    await writeFile(file, textOf('/one', { log: { file: log }, drain_timeout: '5s' }));
    gate = startCommand(['start', '-c', file]);
    const has = async (name: string, text: string): Promise<void> => {
      while (!(await readFile(name, 'utf8').catch(() => '')).includes(text)) await sleep(50);
    };
    await has(log, 'gateway started');
    await rename(log, `${log}.1`);
    gate.signal('SIGHUP');
    await has(log, 'configuration reloaded');
    expect(await readFile(`${log}.1`, 'utf8')).not.toContain('configuration reloaded');
    gate.signal('SIGTERM');
    await sleep(100);
    gate.signal('SIGHUP');
    expect(await gate.ended).toEqual({ code: 0, signal: null });
    await has(log, 'gateway stopped');
  });
});
