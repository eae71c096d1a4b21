/** Commands with standard input: as a process, or in this process if a test runs many of them. */
import { execFile } from 'node:child_process';
import { UsageError, type Run } from '../../src/cli/command.js';
import { runCommandLine } from '../../src/cli/command-line.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { parse } from '../../src/cli/parse.js';
import { CommandFailed } from '../../src/model/exit.js';
import { AdministrationError } from '../../src/tokens/administration/errors.js';
import type { CommandOptions, Result } from './command.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** The built command, as a user runs it. */
export function runWithInput(args: readonly string[], input: string): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** The same without a separate process, which takes a second to start. */
export async function runInProcess(
  run: Run,
  args: readonly string[],
  file: string,
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const command = COMMANDS.find(({ name }) => name === run.name)!;
  const parsed = parse([run.name, ...args], [command]);
  let [stdout, stderr] = ['', ''];
  const terminal = {
    out: (text: string) => void (stdout += `${text}\n`),
    err: (text: string) => void (stderr += `${text}\n`),
    readSecret: () => Promise.resolve(input.split('\n', 1)[0]!),
    env,
  };
  try {
    const code = await run({ ...parsed.input, file, isDefaultFile: false, terminal });
    return { code, stdout, stderr };
  } catch (error) {
    const code = error instanceof UsageError ? 2 : 1;
    if (code === 1 && !(error instanceof CommandFailed || error instanceof AdministrationError)) throw error;
    terminal.err(`tollgate: ${(error as Error).message}`);
    return { code, stdout, stderr };
  }
}

/** One after the other, since a process has one working directory. */
let latest: Promise<unknown> = Promise.resolve();

/**
 * A whole command line without a separate process, for commands that end by themselves and leave nothing behind: the text
 * and the exit code are those of the built command, since `src/cli/run.ts` adds only the streams.
 */
export function runHere(args: readonly string[], options: HereOptions = {}): Promise<Result> {
  const running = latest.then(() => runNow(args, options));
  latest = running.catch(() => undefined);
  return running;
}

type HereOptions = Pick<CommandOptions, 'env' | 'cwd'>;

async function runNow(args: readonly string[], { env = {}, cwd }: HereOptions): Promise<Result> {
  let [stdout, stderr] = ['', ''];
  const before = process.cwd();
  if (cwd !== undefined) process.chdir(cwd);
  try {
    const code = await runCommandLine(args, {
      out: (text) => void (stdout += `${text}\n`),
      err: (text) => void (stderr += `${text}\n`),
      readSecret: () => Promise.resolve(''),
      env: { ...process.env, REDIS_URL: '', ...env },
    });
    return { code, stdout, stderr };
  } finally {
    process.chdir(before);
  }
}
