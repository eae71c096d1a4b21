/**
 * A WebSocket caller: opens a tunnel, exchanges messages with the upstream's echo for a while, and closes it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Ledger } from './ledger.js';

export interface TunnelRequest {
  readonly gate: number;
  readonly port: number;
  readonly token: string;
  readonly messages: number;
}

const ANSWER_MS = 10_000;
const PAUSE_MS = 100;

export async function runTunnel(
  { gate, port, token, messages }: TunnelRequest,
  ledger: Ledger,
): Promise<void> {
  const attempt = ledger.open('WebSocket', gate, [101]);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, {
    headers: { authorization: `Bearer ${token}`, 'x-request-id': attempt.id },
  });
  const over = new Promise<void>((resolve) => {
    socket.on('close', (code) => {
      ledger.close(attempt, code === 1000 ? 'answered' : 'cut');
      resolve();
    });
    socket.on('unexpected-response', (_req, response) => {
      attempt.status = response.statusCode;
      response.resume().on('end', () => {
        ledger.close(attempt, 'answered');
        socket.terminate();
        resolve();
      });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      ledger.close(attempt, error.code === 'ECONNREFUSED' ? 'refused' : 'cut');
      resolve();
    });
  });
  socket.on('open', () => {
    attempt.status = 101;
    void speak();
  });

  async function speak(): Promise<void> {
    for (let left = messages; left > 0 && socket.readyState === WebSocket.OPEN; left--) {
      socket.send('hello');
      await sleep(PAUSE_MS);
    }
    socket.close(1000);
  }

  const hung = setTimeout(
    () => {
      ledger.close(attempt, 'hung');
      socket.terminate();
    },
    messages * PAUSE_MS + ANSWER_MS,
  );
  await over;
  clearTimeout(hung);
}
