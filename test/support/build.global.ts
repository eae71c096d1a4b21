/**
 * Before all tests: makes sure that `dist/` is built from `src/`, for the tests that run the commands as
 * processes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const BUILT = 'dist/cli/main.js';

export function setup(): void {
  const page = 'dist/console/page/index.html';
  const isPageBuilt = existsSync(page) && newest('src/console/page') <= statSync(page).mtimeMs;
  if (!isPageBuilt) run(['scripts/build-page.js']);
  if (existsSync(BUILT) && newest('src') <= statSync(BUILT).mtimeMs) return;
  // Types are checked by lint: without them the build takes a quarter of the time.
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  run([tsc, '-p', 'tsconfig.build.json', '--noCheck']);
}

function run(args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

/** The time of the latest change of any file or folder. */
function newest(folder: string): number {
  const changes = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
  });
  return Math.max(statSync(folder).mtimeMs, ...changes);
}
