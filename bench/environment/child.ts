/** A process that the bench starts, waits for and always ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  readonly pid: number;
  stop(): Promise<void>;
}

const START_MS = 20_000;
const STOP_MS = 5_000;
const KEPT_OUTPUT = 4_000;

/** @param isReady called every `everyMs` until it returns true */
export async function startChild(
  name: string,
  [command = '', ...args]: readonly string[],
  isReady: () => Promise<boolean>,
  everyMs = 50,
): Promise<Child> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithBench(child);
  const output = keepOutput(child);
  const deadline = performance.now() + START_MS;
  try {
    await once(child, 'spawn');
    while (!(await isReady().catch(() => false))) {
      if (hasEnded(child)) throw new Error('it ended at once');
      if (performance.now() > deadline) throw new Error(`it was not ready after ${START_MS / 1000} s`);
      await sleep(everyMs);
    }
  } catch (error) {
    await stop(child);
    throw new Error(`${name} did not start\n${output()}`, { cause: error });
  }
  return { pid: child.pid!, stop: () => stop(child) };
}

/** Runs a command to its end, within a time. */
export async function runChild(
  name: string,
  [command = '', ...args]: readonly string[],
  mostMs: number,
): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: mostMs });
  endWithBench(child);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const output = keepOutput(child);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} failed${code === null ? ' or took too long' : ''}\n${output()}`);
  return printed;
}

/** If the bench itself is interrupted, nothing of it is left. */
function endWithBench(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** The last of what the process prints, for an error's message. */
function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: Buffer | string): void => {
    kept = (kept + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => kept;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
