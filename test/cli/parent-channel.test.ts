/** `tollgate start` under a program that talks to its processes, as pm2 does. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../support/until.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** What pm2 loads into each process: its listener holds the channel open. */
const LISTENS = "data:text/javascript,process.on('message', () => {})";

const FILE = {
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  drain_timeout: '100ms',
  upstreams: { echo: 'http://127.0.0.1:9' },
  routes: [{ match: 'GET /status', upstream: 'echo', public: true }],
};

it('SIGINT ends the process although its parent holds a channel to it open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-parent-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, JSON.stringify(FILE));
  const child = fork(MAIN, ['start', '-c', file], {
    execArgv: ['--import', LISTENS],
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
  let log = '';
  child.stdout!.on('data', (bytes: Buffer) => (log += bytes.toString()));
  await until(() => log.includes('gateway started'));
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});
