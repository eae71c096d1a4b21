/**
 * The container: the build of the Dockerfile runs with only its production dependencies, and reports itself
 * healthy.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, type Image } from './support/dockerfile.js';
import { freePort } from './support/redis.js';
import { startEchoUpstream, type EchoUpstream } from './support/upstream.js';

const run = promisify(execFile);

let folder: string;
let image: Image;
let upstream: EchoUpstream;

beforeAll(async () => {
  upstream = await startEchoUpstream();
  folder = await mkdtemp(join(tmpdir(), 'tollgate-image-'));
  image = await buildImage('Dockerfile', '.', folder);
}, 180_000);

afterAll(async () => {
  await upstream.close();
  await rm(folder, { recursive: true });
});

/** Runs a command of the image as the container would, with the ports moved to free ones. */
async function environment(): Promise<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    ...image.env,
    TOLLGATE_LISTEN: `127.0.0.1:${await freePort()}`,
    TOLLGATE_ADMIN: `127.0.0.1:${await freePort()}`,
    NOTARIZATIONS_URL: upstream.origin,
  };
}

function healthcheck(env: Record<string, string>): Promise<number> {
  const [program = '', ...args] = image.healthcheck;
  return run(program, args, { cwd: image.workdir, env }).then(
    () => 0,
    (error: unknown) => (error as { code: number }).code,
  );
}

async function stop(container: ChildProcess): Promise<unknown[]> {
  const ended = once(container, 'exit');
  container.kill('SIGTERM');
  return ended;
}

describe('the image', { timeout: 60_000 }, () => {
  it('contains no more than it needs to run', async () => {
    const has = (path: string): Promise<boolean> =>
      access(join(image.workdir, path)).then(
        () => true,
        () => false,
      );
    for (const path of [
      'dist/cli/main.js',
      'dist/console/page/index.html',
      'config/gateway.yaml',
      'package.json',
      'node_modules/express',
      'LICENSE',
    ]) {
      expect(await has(path), path).toBe(true);
    }
    for (const path of ['src', 'test', 'deploy', '.git', 'node_modules/typescript', 'node_modules/vitest']) {
      expect(await has(path), path).toBe(false);
    }
  });

  it('starts with its own command, forwards, reports itself healthy, and stops with exit code 0', async () => {
    const env = await environment();
    expect(await healthcheck(env)).toBe(1);
    const [program = '', ...args] = image.command;
    const container = spawn(program, args, { cwd: image.workdir, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    container.stdout.on('data', (bytes: Buffer) => (log += bytes.toString()));
    try {
      while (!log.includes('gateway started') && container.exitCode === null) await sleep(20);
      expect((await fetch(`http://${env['TOLLGATE_LISTEN']}/status`)).status).toBe(200);
      expect((await fetch(`http://${env['TOLLGATE_LISTEN']}/notarizations/stamps`)).status).toBe(401);
      expect(await healthcheck(env)).toBe(0);
    } finally {
      expect(await stop(container)).toEqual([0, null]);
    }
  });

  it('runs a file without addresses and folders: it is reachable, and writes only to the volume', async () => {
    expect(image.env).toMatchObject({ TOLLGATE_LISTEN: '0.0.0.0:8080' });
    const env = await environment();
    await writeFile(
      join(image.workdir, 'config/own.yaml'),
      `tokens: {issuer: https://gate.test, audience: https://api.test, endpoints: {whoami: {}}}
upstreams: {echo: '${upstream.origin}'}
routes: [{match: GET /status, upstream: echo, public: true}]
`,
    );
    const [program = '', ...args] = image.command;
    const container = spawn(program, [...args, '-c', 'config/own.yaml'], {
      cwd: image.workdir,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let log = '';
    container.stdout.on('data', (bytes: Buffer) => (log += bytes.toString()));
    try {
      while (!log.includes('gateway started') && container.exitCode === null) await sleep(20);
      expect((await fetch(`http://${env['TOLLGATE_LISTEN']}/status`)).status).toBe(200);
      expect(await healthcheck(env)).toBe(0);
    } finally {
      expect(await stop(container)).toEqual([0, null]);
    }
    const written = await readdir(join(image.workdir, 'data'));
    expect(written).toEqual(expect.arrayContaining(['admin-token', 'tollgate.db']));
    expect(await readdir(join(image.workdir, 'config'))).not.toContain('data');
  });

  it('can run the demo service with production dependencies too', async () => {
    const env = await environment();
    const check = await run('node', ['dist/cli/main.js', 'check'], { cwd: image.workdir, env });
    expect(check.stdout).toMatch(/expectations held/);
    const service = await freePort();
    const sample = spawn('node', ['dist/cli/main.js', 'sample'], {
      cwd: image.workdir,
      env: { ...env, NOTARIZATIONS_URL: `http://127.0.0.1:${service}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await Promise.race([once(sample.stdout, 'data'), once(sample, 'exit')]);
      const keys = await fetch(`http://127.0.0.1:${service}/jwks`);
      expect(await keys.json()).toHaveProperty('keys');
    } finally {
      await stop(sample);
    }
  });
});
