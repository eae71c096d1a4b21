/**
 * Before the browser tests: finds Chromium, or installs it, and sets TOLLGATE_CHROMIUM to its program. Without one these
 * tests are skipped, but not in CI.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall } from './redis.global.js';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

export function setup(): void {
  const found = process.env['TOLLGATE_CHROMIUM'] ?? findProgram() ?? installProgram();
  if (found !== undefined) {
    process.env['TOLLGATE_CHROMIUM'] = found;
    return;
  }
  const problem = 'There is no Chromium: install it, or name one as TOLLGATE_CHROMIUM';
  if (process.env['CI'] === 'true') throw new Error(problem);
  console.log(`${problem}. The browser tests are skipped`);
}

function findProgram(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find(existsSync);
}

function installProgram(): string | undefined {
  if (!canInstall()) return undefined;
  console.log('No Chromium found: installing Debian package chromium for the browser tests');
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options);
  return findProgram();
}
