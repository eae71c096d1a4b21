/**
 * Before the browser tests: finds nginx, or installs it, and sets TOLLGATE_NGINX to its program. Without it the test of the
 * console behind a proxy is skipped, but not in CI.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall } from './redis.global.js';

export function setup(): void {
  const found = process.env['TOLLGATE_NGINX'] ?? findProgram() ?? installProgram();
  if (found !== undefined) {
    process.env['TOLLGATE_NGINX'] = found;
    return;
  }
  const problem = 'There is no nginx: install it, or name one as TOLLGATE_NGINX';
  if (process.env['CI'] === 'true') throw new Error(problem);
  console.log(`${problem}. The test of the console behind a proxy is skipped`);
}

function findProgram(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find(existsSync);
}

function installProgram(): string | undefined {
  if (!canInstall()) return undefined;
  console.log('No nginx found: installing Debian package nginx-light for the browser tests');
  // In this run level Debian's packages do not start their services.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { stdio: 'ignore', env } as const;
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'nginx-light'], options);
  return findProgram();
}
