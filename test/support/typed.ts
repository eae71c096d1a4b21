/** The built command with something on its standard input: where passwords come from. */
import { execFile } from 'node:child_process';
import type { Result } from './command.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export function runTyped(args: readonly string[], input: string, cwd?: string): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, [MAIN, ...args], { env, cwd }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
