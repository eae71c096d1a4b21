/**
 * Runs a command with another version of Node: `node scripts/with-node.js 24 vitest run test/read`.
 * The npm package `node` has the program. It is installed into a temporary folder, which is removed at the end.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const [version, command, ...args] = process.argv.slice(2);
if (version === undefined || command === undefined) {
  console.error('usage: node scripts/with-node.js VERSION COMMAND [ARGUMENT…]');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'tollgate-node-'));
try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const npm = ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${version}`];
  const program = join(folder, 'node_modules', 'node', 'bin');
  const local = join(process.cwd(), 'node_modules', '.bin');
  const env = { ...process.env, PATH: [program, local, process.env.PATH].join(delimiter) };
  // Each one runs only if the one before it succeeded.
  void (
    run('npm', npm, { cwd: folder }) &&
    run('node', ['--version'], { env }) &&
    run(command, args, { env })
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a program with this process's output. On failure this process gets the same exit code. */
function run(program, args, options) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', ...options });
  if (error) throw error;
  process.exitCode = status ?? 1;
  return status === 0;
}
