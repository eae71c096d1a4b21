/** For tests of running gateways: a target that can be stopped and started again, and clients that hold requests open at it. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Target {
  readonly origin: string;
  /** Closes its port and its connections. */
  stop(): Promise<void>;
  /** Opens the same port again. */
  start(): Promise<void>;
}

export async function startTarget(
  respond: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<Target> {
  const server = createServer(respond);
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async start() {
      await listen(port);
    },
  };
}

const PAUSE_MS = 300;

/** Keeps requests open that are never over, and sends each again that is refused. @returns what ends them */
export function holdRequests(url: string, count: number): () => Promise<void> {
  const open = new Set<ReturnType<typeof request>>();
  const state = { isOver: false };
  const hold = async (): Promise<void> => {
    while (!state.isOver) {
      await new Promise<void>((resolve) => {
        const held = request(url, { agent: false }, (response) => response.resume());
        open.add(held);
        held.on('error', () => undefined);
        held.on('close', () => {
          open.delete(held);
          resolve();
        });
        held.end();
      });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const holding = Array.from({ length: count }, hold);
  return async () => {
    state.isOver = true;
    for (const held of open) held.destroy();
    await Promise.all(holding);
  };
}
