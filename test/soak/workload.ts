/** One request of a caller, from the first byte to the last, and its entry in the ledger. */
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Attempt, Ledger } from './ledger.js';

export interface WorkloadRequest {
  readonly caller: string;
  readonly gate: number;
  readonly path: string;
  readonly expected: readonly number[];
  readonly token?: string | undefined;
  /** Sent with POST. */
  readonly body?: Buffer;
  /**
   * What the caller does with the response: reads it, reads it slowly, or disconnects after so many
   * milliseconds.
   */
  readonly reads?: 'all' | 'slowly' | { readonly leavesAfterMs: number };
}

export interface Runner {
  /** Resolves when it is over, however it ends. */
  run(workloadRequest: WorkloadRequest): Promise<Attempt>;
  close(): void;
}

/** Several times the gateway's timeouts for the upstream and the caller together. */
const HUNG_MS = 20_000;
const PAUSE_MS = 20;
/** Shorter than the gateway's keep_alive, so that no request meets a closing connection. */
const IDLE_MS = 4000;

export function createRunner(ports: readonly number[], ledger: Ledger): Runner {
  const agents = ports.map(() => new Agent({ keepAlive: true, timeout: IDLE_MS }));

  function run({
    caller,
    gate,
    path,
    expected,
    token,
    body,
    reads = 'all',
  }: WorkloadRequest): Promise<Attempt> {
    const attempt = ledger.open(caller, gate, expected);
    const asked = request({
      ...{ host: '127.0.0.1', port: ports[gate], agent: agents[gate], path },
      method: body ? 'POST' : 'GET',
      headers: {
        'x-request-id': attempt.id,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body ? { 'content-length': body.length } : {}),
      },
    });
    return new Promise((resolve) => {
      const hung = setTimeout(() => end('hung'), HUNG_MS);
      const leaving =
        typeof reads === 'object' ? setTimeout(() => end('left'), reads.leavesAfterMs) : undefined;
      function end(outcome: Parameters<Ledger['close']>[1]): void {
        clearTimeout(hung);
        clearTimeout(leaving);
        ledger.close(attempt, outcome);
        if (outcome === 'left' || outcome === 'hung') asked.destroy();
        resolve(attempt);
      }
      asked.on('socket', () => (attempt.isReused = asked.reusedSocket));
      asked.on('error', (error: NodeJS.ErrnoException) => {
        end(error.code === 'ECONNREFUSED' ? 'refused' : 'cut');
      });
      asked.on('response', (response) => {
        attempt.status = response.statusCode;
        response.on('end', () => end(response.complete ? 'answered' : 'cut')).on('error', () => end('cut'));
        if (reads === 'slowly') readSlowly(response);
        else response.resume();
      });
      send(asked, body);
    });
  }

  return {
    run,
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}

/** A body is sent in two parts, so that some are in progress when a fault begins. */
function send(asked: ClientRequest, body: Buffer | undefined): void {
  if (!body) return void asked.end();
  const half = body.length >> 1;
  asked.write(body.subarray(0, half));
  setTimeout(() => asked.end(body.subarray(half)), PAUSE_MS);
}

function readSlowly(response: IncomingMessage): void {
  response.on('data', () => {
    response.pause();
    setTimeout(() => response.resume(), PAUSE_MS);
  });
}
