/** Errors of a first start: each is one clear line, never a stack trace. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.js';
import { freePort } from '../support/redis.js';
import { until } from '../support/until.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-plain-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** @param origin of the upstream, which is where the demo's own service listens */
async function write(more: object = {}, origin = 'http://127.0.0.1:9'): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    issuers: { main: { issuer: 'https://i.example', jwks: 'https://i.example/jwks', audience: 'a' } },
    upstreams: { things: origin },
    routes: [{ match: 'GET /a', upstream: 'things', public: true, limit: '2 per 1m' }],
    ...more,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function oneLine(args: readonly string[]): Promise<{ code: number | null; line: string }> {
  const { code, stderr } = await runCommand(args, { cwd: folder });
  expect(stderr).toMatch(/^tollgate: [^\n]+\n$/);
  return { code, line: stderr };
}

describe('one line reports', () => {
  it("that the port of the demo's service is taken", async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, line } = await oneLine(['demo', '-c', await write({}, `http://127.0.0.1:${port}`)]);
    other.close();
    expect(line).toContain(`127.0.0.1:${port} is in use by another process`);
    expect(code).toBe(1);
  });

  it.each(['listen', 'admin'])('that the host of %s cannot be resolved', async (which) => {
    const { code, line } = await oneLine(['start', '-c', await write({ [which]: 'no-such-host.invalid:0' })]);
    expect(line).toContain('the host name no-such-host.invalid is not known here');
    expect(code).toBe(1);
  });

  it('that a file without tokens has no apps', async () => {
    const { code, line } = await oneLine(['apps', 'list', '-c', await write()]);
    expect(line).toContain('apps need the `tokens` section in the file');
    expect(line).not.toContain('revo');
    expect(code).toBe(1);
  });

  it.each([
    ['whose folder cannot be made', 'sqlite:/dev/null/gate.db'],
    ['that is a folder', 'sqlite:/tmp'],
  ])('that a registry cannot be opened %s', async (_why, database) => {
    const tokens = { issuer: 'http://127.0.0.1:1', audience: 'a', database, endpoints: { key_secret: {} } };
    const issuers = {};
    const { code } = await oneLine(['start', '-c', await write({ tokens, issuers })]);
    expect(code).toBe(1);
  });
});

it('SIGTERM to `npm start` ends the demo', async () => {
  const origin = `http://127.0.0.1:${await freePort()}`;
  const args = ['start', '--silent', '--ignore-scripts', '--', '-c', await write({}, origin)];
  const npm = spawn('npm', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(npm, 'exit');
  await once(npm.stdout, 'data');
  expect((await fetch(origin)).status).toBe(404);
  npm.kill('SIGTERM');
  await ended;
  await until(() =>
    fetch(origin).then(
      () => false,
      () => true,
    ),
  );
});

describe('a Node version that is too old', () => {
  it.each([
    ['18.20.8', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['22.0.0', true],
  ])('%s: is it supported? %s', async (version, can) => {
    const script = `
      Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} });
      process.argv[2] = '--version';
      await import(${JSON.stringify(MAIN.href)});`;
    const { code, stdout, stderr } = await new Promise<{
      code: number | null;
      stdout: string;
      stderr: string;
    }>((resolve) => {
      const child = execFile(
        process.execPath,
        ['--input-type=module', '-e', script, 'x', 'x'],
        (_error, out, err) => resolve({ code: child.exitCode, stdout: out, stderr: err }),
      );
    });
    if (can) expect([code, stderr]).toEqual([0, '']);
    else {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toBe(`tollgate: needs Node 20.19 or later; this is Node ${version}\n`);
    }
  });
});

describe('limits in memory', () => {
  /** Runs the gateway as a worker of another cluster until its log reports that it is ready. */
  async function logOfWorker(file: string): Promise<string> {
    const script = `
      import cluster from 'node:cluster';
      cluster.setupPrimary({ exec: ${JSON.stringify(MAIN.pathname)}, args: ['start', '-c', ${JSON.stringify(file)}], silent: true, execArgv: [] });
      const worker = cluster.fork();
      let text = '';
      worker.process.stdout.on('data', (chunk) => {
        text += chunk;
        if (text.includes('gateway started')) setTimeout(() => { console.log(text); worker.process.kill('SIGKILL'); process.exit(); }, 200);
      });
      setTimeout(() => process.exit(1), 18_000).unref();`;
    return new Promise((resolve) => {
      execFile(process.execPath, ['--input-type=module', '-e', script], { cwd: folder }, (_error, out) =>
        resolve(out),
      );
    });
  }

  it('cause a warning in a worker of another cluster', { timeout: 25_000 }, async () => {
    expect(await logOfWorker(await write())).toMatch(/"level":"warn".*each worker admits the whole limit/);
  });

  it('cause no warning if there are none', { timeout: 25_000 }, async () => {
    const routes = [{ match: 'GET /a', upstream: 'things', public: true, limit: 'none' }];
    const log = await logOfWorker(await write({ routes }));
    expect(log).toContain('gateway started');
    expect(log).not.toContain('one worker of a cluster');
  });
});
