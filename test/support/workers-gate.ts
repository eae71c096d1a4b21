/**
 * For tests of a gateway with several workers, run as the command: its log read line by line, and continuous
 * clients.
 */
import { writeFile } from 'node:fs/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommand, type RunningCommand } from './command.js';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  /** The number of the worker that wrote it, or that the primary reports on. */
  readonly worker?: number;
  readonly [field: string]: unknown;
}

export interface WorkersGate {
  readonly command: RunningCommand;
  readonly port: number;
  readonly adminUrl: string;
  /** All lines so far; fails if one is torn or mixed with another. */
  readonly lines: (message?: string) => LogLine[];
  /** Waits until that many lines have the message. */
  readonly untilLines: (message: string, count: number) => Promise<LogLine[]>;
  /** The current process id of the worker with this number. */
  readonly pidOf: (place: number) => number;
  readonly change: (config: object) => Promise<void>;
}

export interface WorkersGateOptions {
  readonly file: string;
  readonly cwd: string;
  readonly config: object;
}

/** Resolves when all workers serve. */
export async function startWorkersGate({ file, cwd, config }: WorkersGateOptions): Promise<WorkersGate> {
  const change = (to: object): Promise<void> => writeFile(file, JSON.stringify(to));
  await change(config);
  const command = startCommand(['start', '-c', file], { cwd });
  const [line] = await command.until(/^.*all workers started.*$/m);
  const opened = JSON.parse(line) as { address: AddressInfo; admin: AddressInfo };

  const over = command.ended.then((): never => {
    throw new Error(`the gate has ended:\n${command.stderr()}`);
  });
  over.catch(() => undefined);
  const parsed: LogLine[] = [];
  let read = 0;

  function lines(message?: string): LogLine[] {
    const text = command.stdout();
    for (let end = text.indexOf('\n', read); end >= 0; end = text.indexOf('\n', read)) {
      parsed.push(JSON.parse(text.slice(read, end)) as LogLine);
      read = end + 1;
    }
    return message === undefined ? parsed : parsed.filter(({ msg }) => msg === message);
  }

  return {
    command,
    port: opened.address.port,
    adminUrl: `http://127.0.0.1:${opened.admin.port}`,
    lines,
    async untilLines(message, count) {
      for (;;) {
        const found = lines(message);
        if (found.length >= count) return found;
        await Promise.race([sleep(30), over]);
      }
    },
    pidOf: (place) => Number(lines('worker started').findLast(({ worker }) => worker === place)?.['pid']),
    change,
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly id: string;
  readonly connection: string | undefined;
}

/**
 * Never rejects: a failure is its code. A timeout is `HANG`.
 *
 * @param agent without one, over a new connection
 */
export function get(port: number, path: string, agent: Agent | false = false): Promise<Answer | string> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, agent }, (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, body, id: String(headers['x-request-id']), connection: headers.connection });
      });
    });
    asked.setTimeout(10_000, () => asked.destroy(Object.assign(new Error(), { code: 'HANG' })));
    asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end();
  });
}

export interface Failure {
  readonly what: string;
  /** The id of an earlier response on the same connection; undefined: there was none. */
  readonly before: string | undefined;
}

/** A client that sends one request after the other, over one connection as long as that lasts. */
export interface Client {
  readonly failures: Failure[];
  answered(): number;
  /** The id of the latest response on its current connection. */
  latest(): string | undefined;
  /** Sends no more, once its pending request has a response. */
  leave(): Promise<void>;
}

/** So that the machine is not what is measured. */
const PAUSE_MS = 10;

export function startClient(port: number, path: string, { keepAlive = true } = {}): Client {
  const failures: Failure[] = [];
  let agent = new Agent({ keepAlive, maxSockets: 1 });
  let answered = 0;
  let latest: string | undefined;
  let isLeaving = false;

  async function work(): Promise<void> {
    while (!isLeaving) {
      const answer = await get(port, path, agent);
      await sleep(PAUSE_MS);
      if (typeof answer !== 'string' && answer.status === 200) {
        answered += 1;
        latest = answer.connection === 'close' ? undefined : answer.id;
        continue;
      }
      failures.push({ what: typeof answer === 'string' ? answer : String(answer.status), before: latest });
      latest = undefined;
      agent.destroy();
      agent = new Agent({ keepAlive, maxSockets: 1 });
    }
    agent.destroy();
  }

  const working = work();
  return {
    failures,
    answered: () => answered,
    latest: () => latest,
    leave() {
      isLeaving = true;
      return working;
    },
  };
}
