/** A client for tests that sends bytes as they are and keeps what comes back. */
import { connect, type Socket } from 'node:net';

export interface RawClient {
  readonly socket: Socket;
  /** All that has come so far, as latin1. */
  readonly text: () => string;
  send(bytes: string | Buffer): void;
  /** Waits until the text matches the pattern; fails with the text if the connection ends before. */
  until(pattern: RegExp | string): Promise<string>;
  /** Waits for the end of the connection: by FIN or by a reset. */
  readonly ended: Promise<'end' | 'reset'>;
  destroy(): void;
}

/** Opens a connection, sends the bytes and collects the response. */
export function openRaw(port: number, bytes: string | Buffer = ''): RawClient {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  let text = '';
  const waiting = new Set<() => void>();
  const tell = (): void => waiting.forEach((look) => look());
  let over: 'end' | 'reset' | undefined;
  const ended = new Promise<'end' | 'reset'>((resolve) => {
    const finish = (how: 'end' | 'reset') => () => {
      over ??= how;
      resolve(over);
      tell();
      socket.destroy();
    };
    socket.on('end', finish('end')).on('error', finish('reset')).on('close', finish('reset'));
  });
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    tell();
  });
  if (bytes.length > 0) socket.write(bytes, 'latin1' as never);
  return {
    socket,
    text: () => text,
    send: (more) => socket.write(more),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
          if (!found && over === undefined) return;
          waiting.delete(look);
          if (found) resolve(text);
          else reject(new Error(`the connection ended (${over}) before ${String(pattern)}: ${text}`));
        };
        waiting.add(look);
        look();
      }),
    ended,
    destroy: () => socket.destroy(),
  };
}

/** Sends the bytes and waits for the end of the connection: the request should ask for it. */
export async function exchangeRaw(port: number, bytes: string): Promise<string> {
  const client = openRaw(port, bytes);
  await client.ended;
  return client.text();
}
