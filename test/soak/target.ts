/** One target of the soak's upstream: responds to callers, records their requests, and fails on command. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';

export type Behaviour =
  | 'well'
  /** Takes connections and requests, and answers none. */
  | 'hung'
  /** Resets the connection in place of an answer, or in the middle of it. */
  | 'resetting'
  /** Nobody listens on its port. */
  | 'dead';

export interface ReceivedRequest {
  /** The gateway's X-Request-Id. */
  readonly id: string;
  readonly app: string;
  readonly atMs: number;
}

export interface Target {
  readonly origin: string;
  /** In order of arrival; a request that was sent twice is there twice. */
  readonly arrivals: readonly ReceivedRequest[];
  become(behaviour: Behaviour): Promise<void>;
  close(): Promise<void>;
}

const DOWNLOAD_BYTES = 1_500_000;
const CHUNK = Buffer.alloc(50_000, 'a');
const TICK_MS = 200;

export async function startTarget(now: () => number): Promise<Target> {
  const arrivals: ReceivedRequest[] = [];
  const open = new Set<Socket>();
  let behaviour: Behaviour = 'well';
  let resets = 0;

  const server = createServer((req, res) => {
    if (req.url === '/healthz') {
      if (behaviour !== 'hung') res.end('ok');
      return;
    }
    note(req);
    if (behaviour === 'hung') return;
    if (behaviour === 'resetting' && (resets += 1) % 2 === 0) {
      req.socket.resetAndDestroy();
      return;
    }
    answer(req, res);
    if (behaviour === 'resetting') setTimeout(() => req.socket.resetAndDestroy(), 5);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    note(req);
    if (behaviour === 'hung') return;
    if (behaviour === 'resetting') return void socket.resetAndDestroy();
    sockets.handleUpgrade(req, socket, head, (ws) => {
      ws.on('message', (data) => ws.send(data)).on('error', () => ws.terminate());
    });
  });

  function note({ headers }: IncomingMessage): void {
    arrivals.push({
      id: String(headers['x-request-id']),
      app: String(headers['x-app-id']),
      atMs: now(),
    });
  }

  async function listen(port: number): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    async become(next) {
      if (behaviour === 'dead' && next !== 'dead') await listen(port);
      behaviour = next;
      if (next === 'dead') await stop();
    },
    async close() {
      if (behaviour !== 'dead') await stop();
    },
  };

  async function stop(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  }
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  req.on('error', () => undefined);
  res.on('error', () => undefined);
  switch (req.url ?? '') {
    case '/download':
      res.writeHead(200, { 'content-length': DOWNLOAD_BYTES });
      sendChunks(res, DOWNLOAD_BYTES / CHUNK.length);
      return;
    case '/events': {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => res.write('data: tick\n\n'), TICK_MS);
      res.on('close', () => clearInterval(timer));
      return;
    }
    case '/upload': {
      let bytes = 0;
      req.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => res.end(String(bytes)));
      return;
    }
    default:
      res.end('ok');
  }
}

function sendChunks(res: ServerResponse, left: number): void {
  if (res.destroyed) return;
  if (left === 0) res.end();
  else if (res.write(CHUNK)) setImmediate(sendChunks, res, left - 1);
  else res.once('drain', () => sendChunks(res, left - 1));
}
