/** Many concurrent keep-alive clients: each sends the next request as soon as it has its response. */
import { connect } from 'node:net';
import { parseResponses, type WireResponse } from './dialogue.js';

export interface Reply {
  readonly status: number;
  readonly ms: number;
}

export interface Flood {
  readonly connections: number;
  readonly requests: number;
  /** The bytes of every request, or of each, counted from 0. */
  readonly bytes: string | ((request: number) => string);
}

/** Resolves with all replies when so many requests got theirs; rejects if a connection ends before. */
export async function flood(port: number, { connections, requests, bytes }: Flood): Promise<Reply[]> {
  const replies: Reply[] = [];
  let left = requests;
  const client = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let text = '';
      let askedMs = 0;
      const ask = (): void => {
        if (left === 0) {
          socket.destroy();
          resolve();
          return;
        }
        left -= 1;
        text = '';
        askedMs = performance.now();
        socket.write(typeof bytes === 'string' ? bytes : bytes(requests - 1 - left));
      };
      socket.on('connect', ask).on('error', reject);
      socket.on('end', () => reject(new Error(`a connection ended before its answer: ${text}`)));
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        const [response]: (WireResponse | undefined)[] = parseResponses(text);
        if (!response) return;
        replies.push({ status: response.status, ms: performance.now() - askedMs });
        ask();
      });
    });
  await Promise.all(Array.from({ length: connections }, client));
  return replies;
}

/** @param share 0.5 is the median */
export function quantile(replies: readonly Reply[], share: number): number {
  const sorted = replies.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
