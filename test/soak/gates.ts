/** The gateways of the soak: real `tollgate start` processes, each with its file, its ports and its log. */
import { readFile, writeFile } from 'node:fs/promises';
import { kill } from 'node:process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommand, type RunningCommand } from '../support/command.js';
import { freePort } from '../support/redis.js';
import { socketsOf } from '../support/sockets.js';
import { heapInUse } from './inspector.js';

/** A line of the access log. */
export interface LogLine {
  readonly msg: string;
  readonly time: string;
  readonly level: string;
  readonly request_id?: string;
  readonly client_request_id?: string;
  readonly status?: number;
  readonly reason?: string;
}

export interface AtRest {
  readonly sockets: number;
  readonly heapBytes: number;
}

export interface SoakGate {
  readonly port: number;
  readonly workers: number;
  /** Ends it: by SIGKILL at once, by SIGTERM once it has drained. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
  /** Kills one of its workers; resolves when another one has replaced it. */
  killWorker(): Promise<void>;
  /** Writes the file again, unchanged or with the change, and sends SIGHUP. */
  reload(change?: (text: string) => string): Promise<void>;
  readonly log: () => Promise<LogLine[]>;
  readonly atRest: () => Promise<AtRest>;
  /** Its output outside the log. */
  readonly complaints: () => string;
}

const READY_MS = 30_000;
const DEBUGGER = /^(?:Debugger |For help, see|Starting inspector|Waiting for).*$/gm;

/** @param config all but listen, admin, workers and log */
export async function startSoakGate(
  folder: string,
  name: string,
  workers: number,
  config: object,
): Promise<SoakGate> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(folder, `${name}.yaml`);
  const logFile = join(folder, `${name}.log`);
  const text = JSON.stringify({
    ...config,
    workers,
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    log: { file: logFile },
    jwks_cache: join(folder, `${name}-jwks`),
  });
  let process: RunningCommand;
  let complaints = '';

  async function start(): Promise<void> {
    await writeFile(file, text);
    process = startCommand(['start', '-c', file], {
      cwd: folder,
      env: { NODE_OPTIONS: '--inspect=127.0.0.1:0', TOLLGATE_ADMIN_TOKEN: 'the-administrator-of-the-soak' },
    });
    const deadline = Date.now() + READY_MS;
    while (!(await isReady(adminPort))) {
      if (Date.now() > deadline) throw new Error(`${name} is not ready:\n${process.stderr()}`);
      await sleep(20);
    }
  }

  async function pids(): Promise<number[]> {
    const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    return [process.pid, ...children.trim().split(' ').filter(Boolean).map(Number)];
  }

  await start();
  return {
    port,
    workers,
    start,
    async stop(signal) {
      process.signal(signal);
      await process.ended;
      complaints += process.stderr();
    },
    async killWorker() {
      const [, worker] = await pids();
      const isWhole = async (): Promise<boolean> => {
        const all = await pids();
        return all.length > workers && !all.includes(worker ?? 0) && (await isReady(adminPort));
      };
      if (worker !== undefined) kill(worker, 'SIGKILL');
      while (!(await isWhole())) await sleep(20);
    },
    async reload(change = (same) => same) {
      await writeFile(file, change(text));
      process.signal('SIGHUP');
    },
    async log() {
      const lines = (await readFile(logFile, 'utf8')).split('\n');
      // A killed gateway may leave a partial line.
      return lines.filter((line) => line.endsWith('}')).flatMap((line) => parse(line) ?? []);
    },
    async atRest() {
      const sockets = await Promise.all((await pids()).map(socketsOf));
      const urls = [...process.stderr().matchAll(/^Debugger listening on (ws:\S+)$/gm)].map(
        ([, url]) => url!,
      );
      const heaps = await Promise.all(urls.map((url) => heapInUse(url).catch(() => 0)));
      const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
      return { sockets: sum(sockets), heapBytes: sum(heaps) };
    },
    complaints: () => (complaints + process.stderr()).replaceAll(DEBUGGER, '').trim(),
  };
}

async function isReady(adminPort: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${adminPort}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
