/** A gateway in its own process, for tests that must not share its event loop, or that kill it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { GatewayConfig } from '../../src/config/config.js';
import { watchGrowth } from './memory.js';
import { socketsOf } from './sockets.js';

/** One finished exchange, as the gateway recorded it. */
export interface Reported {
  readonly id: string;
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly status: number;
  readonly reason: string | undefined;
}

export interface GateProcess {
  readonly port: number;
  readonly isAlive: () => boolean;
  /** Its log, and its output when it crashed. */
  readonly output: () => string;
  /** How many sockets it holds. */
  readonly sockets: () => Promise<number>;
  /** Starts watching its memory; the returned function stops that and returns the largest growth in MiB. */
  readonly watchGrowth: () => Promise<() => number>;
  /** Suspends it: its connections stay open and it does not respond. */
  stop(): void;
  /** Resumes it after `stop`. */
  continue(): void;
  close(): Promise<void>;
}

const CHILD = new URL('gate-child.mjs', import.meta.url).pathname;

type Config = Omit<GatewayConfig, 'listen' | 'admin'>;

export async function startGateProcess(
  config: Config,
  onReport: (told: Reported) => void = () => undefined,
): Promise<GateProcess> {
  const whole = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', jwks_cache: false, ...config };
  const child = fork(CHILD, [JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child, 'message'), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`the gate did not start:\n${output}`);
  const [{ port }] = first as [{ port: number }];
  child.on('message', (message) => onReport(message as Reported));
  return {
    port,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    output: () => output,
    sockets: () => socketsOf(child.pid ?? 0),
    watchGrowth: () => watchGrowth(child.pid ?? 0),
    stop: () => void child.kill('SIGSTOP'),
    continue: () => void child.kill('SIGCONT'),
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
