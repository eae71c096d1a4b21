/**
 * Before the tests of the dashboard and the alerts: finds Prometheus with promtool, or installs them, and sets
 * TOLLGATE_PROMETHEUS and TOLLGATE_PROMTOOL to the programs. Without them these tests are skipped, but not in CI.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall } from './redis.global.js';

interface Programs {
  readonly prometheus: string;
  readonly promtool: string;
}

export function setup(): void {
  const found = findPrograms() ?? installPrograms();
  if (found !== undefined) {
    process.env['TOLLGATE_PROMETHEUS'] = found.prometheus;
    process.env['TOLLGATE_PROMTOOL'] = found.promtool;
    return;
  }
  const problem = 'There is no Prometheus: install it, or name TOLLGATE_PROMETHEUS and TOLLGATE_PROMTOOL';
  if (process.env['CI'] === 'true') throw new Error(problem);
  console.log(`${problem}. The tests of the alerts are skipped`);
}

function findPrograms(): Programs | undefined {
  const prometheus = process.env['TOLLGATE_PROMETHEUS'] ?? onPath('prometheus');
  const promtool = process.env['TOLLGATE_PROMTOOL'] ?? onPath('promtool');
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

function installPrograms(): Programs | undefined {
  if (!canInstall()) return undefined;
  console.log('No Prometheus found: installing Debian package prometheus for the tests of the alerts');
  // In this run level Debian's packages do not start their services.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { stdio: 'ignore', env } as const;
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'prometheus'], options);
  return findPrograms();
}
