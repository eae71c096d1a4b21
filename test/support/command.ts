/** The built `tollgate` command as its own process, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export interface CommandOptions {
  /** Added to an environment without Tollgate's own variables and without the tests' Redis. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** The built main file; by default this repository's. */
  readonly main?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningCommand {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until standard output matches the pattern; fails with the output if the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
  /** Kills it if it still runs, and waits for its end. */
  close(): Promise<void>;
}

export function startCommand(
  args: readonly string[],
  { env = {}, cwd, main = MAIN }: CommandOptions = {},
): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, REDIS_URL: '', NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  let isOver = false;
  const waiting = new Set<() => void>();
  const look = (): void => waiting.forEach((each) => each());
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    look();
    return { code, signal };
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const seek = (): void => {
          const found = pattern.exec(stdout);
          if (!found && !isOver) return;
          waiting.delete(seek);
          if (found) resolve(found);
          else reject(new Error(`the command ended before ${String(pattern)}:\n${stdout}${stderr}`));
        };
        waiting.add(seek);
        seek();
      }),
    signal: (signal) => child.kill(signal),
    ended,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], options?: CommandOptions): Promise<Result> {
  const command = startCommand(args, options);
  const { code } = await command.ended;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
