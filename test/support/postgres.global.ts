/** Before all tests: finds, starts or installs a PostgreSQL, and sets DATABASE_URL. */
import { spawnSync } from 'node:child_process';
import { findPostgres, startPostgres } from './postgres.js';
import { canInstall } from './redis.global.js';

let stop: () => Promise<void> = () => Promise.resolve();

export async function setup(): Promise<void> {
  if (process.env['DATABASE_URL']) return;
  const found = await findPostgres();
  if (found !== undefined) {
    process.env['DATABASE_URL'] = found;
    return;
  }
  const server = (await startPostgres()) ?? (await installAndStart());
  if (server === undefined)
    throw new Error('The tests need a PostgreSQL: install one, or name a running one as DATABASE_URL');
  process.env['DATABASE_URL'] = server.url;
  stop = () => server.close();
}

export async function teardown(): Promise<void> {
  await stop();
}

async function installAndStart(): ReturnType<typeof startPostgres> {
  if (!canInstall()) return undefined;
  console.log('No PostgreSQL found: installing Debian package postgresql for the tests');
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], options);
  return startPostgres();
}
