/** Before all tests: finds, starts or installs a Redis, and sets REDIS_URL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, startRedis } from './redis.js';

let stop: () => Promise<void> = () => Promise.resolve();

export async function setup(): Promise<void> {
  if (process.env['REDIS_URL']) return;
  if (!runs('redis-server') && canInstall()) {
    console.log('No redis-server found: installing Debian package redis-server for the tests');
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    spawnSync('apt-get', ['update'], options);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], options);
  }
  if (runs('redis-server')) {
    const redis = await startRedis();
    process.env['REDIS_URL'] = redis.url;
    stop = () => redis.close();
  } else if (runs('docker')) {
    process.env['REDIS_URL'] = await startContainer();
  } else {
    throw new Error('The tests need a Redis: install redis-server, or name a running one as REDIS_URL');
  }
}

export async function teardown(): Promise<void> {
  await stop();
}

function runs(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** As root on Debian or a derivative. */
export function canInstall(): boolean {
  if (process.getuid?.() !== 0 || !runs('apt-get')) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
}

async function startContainer(): Promise<string> {
  const port = await freePort();
  const run = ['run', '--detach', '--rm', '--publish', `127.0.0.1:${port}:6379`, 'redis:7-alpine'];
  const container = execFileSync('docker', run, { encoding: 'utf8' }).trim();
  stop = () => Promise.resolve(void spawnSync('docker', ['kill', container], { stdio: 'ignore' }));
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 100, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await Promise.race([redis.ping(), sleep(20_000)]);
  redis.disconnect();
  return `redis://127.0.0.1:${port}`;
}
