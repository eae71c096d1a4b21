/**
 * Builds `dist/` for whoever packs the package or installs it from git: npm runs `prepack` and `prepare` then.
 *
 * Where the compiler or the sources are missing, as in an install of production dependencies, there is nothing to do.
 * Types are not checked here, which takes most of a build's time: `npm run lint` does that.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildPage } from './build-page.js';

const compiler = compilerPath();
if (compiler && existsSync('src')) {
  // What an earlier build made of sources that are gone must not be packed.
  rmSync('dist', { recursive: true, force: true });
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck'];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  if (process.exitCode === 0) await buildPage();
}

function compilerPath() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}
