/** Upstreams for tests: one that follows a script, byte for byte, and one that returns what it received. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { until } from './until.js';

/** One request as it came over the wire. */
export interface WireRequest {
  /** The head, without the empty line. */
  readonly head: string;
  /** The body as it was framed, including chunk sizes, as far as it has come. */
  readonly body: () => string;
  /** Resolves when the whole body has come. */
  readonly whole: Promise<void>;
  readonly socket: Socket;
  /** From 0, over all connections. */
  readonly index: number;
}

export interface RawUpstream {
  readonly port: number;
  readonly origin: string;
  /** All requests, in the order in which their heads were complete. */
  readonly requests: readonly WireRequest[];
  /** All bytes received, connection by connection. */
  readonly received: readonly string[];
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/**
 * A raw server that responds to each request as the script says. It splits the bytes into requests with a
 * small parser of its own, so that a forged second request is seen as one.
 */
export async function startRawUpstream(script: (request: WireRequest) => void): Promise<RawUpstream> {
  const requests: WireRequest[] = [];
  const received: string[] = [];
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    const connection = received.push('') - 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    const split = splitter((head, body, whole) => {
      const request = { head, body, whole, socket, index: requests.length };
      requests.push(request);
      script(request);
    });
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      received[connection] = `${received[connection] ?? ''}${text}`;
      split(text);
    });
  });
  const port = await listen(server);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    received,
    open,
    close: () => closeAll(server, open),
  };
}

/**
 * Waits until the connection that had the n-th request is closed. @returns the bytes on it after that
 * request's head
 */
export async function untilGone({ requests, received }: RawUpstream, index: number): Promise<string> {
  const { socket, head } = requests[index]!;
  await until(() => socket.destroyed);
  const text = received.find((each) => each.includes(head)) ?? '';
  return text.slice(text.indexOf(head) + head.length + '\r\n\r\n'.length);
}

type OnHead = (head: string, body: () => string, whole: Promise<void>) => void;

function splitter(onHead: OnHead): (text: string) => void {
  let rest = '';
  let raw = false;
  let current: { body: string; done: (body: string) => number; finish: () => void } | undefined;
  const step = (): boolean => {
    if (current) {
      const end = current.done(rest);
      current.body = end < 0 ? rest : rest.slice(0, end);
      if (end < 0) return false;
      rest = rest.slice(end);
      current.finish();
      current = undefined;
      return true;
    }
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0 || raw) return false;
    const head = rest.slice(0, end);
    rest = rest.slice(end + 4);
    raw = /^upgrade:/im.test(head);
    let finish = (): void => undefined;
    const whole = new Promise<void>((resolve) => (finish = resolve));
    const mine = { body: '', done: bodyEnd(head), finish };
    current = mine;
    onHead(head, () => mine.body, whole);
    return true;
  };
  return (text) => {
    rest += text;
    while (step());
  };
}

/** Finds where a request's body ends in what has come, or -1. */
function bodyEnd(head: string): (text: string) => number {
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (!/^transfer-encoding: *chunked/im.test(head)) return (text) => (text.length >= length ? length : -1);
  return (text) => {
    let at = 0;
    for (;;) {
      const line = text.indexOf('\r\n', at);
      if (line < 0) return -1;
      const size = parseInt(text.slice(at, line), 16);
      const next = line + 2 + size + 2;
      if (text.length < next) return -1;
      if (size === 0) return next;
      at = next;
    }
  };
}

export interface EchoUpstream {
  readonly port: number;
  readonly origin: string;
  /** The number of requests that it responded to. */
  readonly count: () => number;
  close(): Promise<void>;
}

/** What the echo upstream returns, as JSON. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly body: string;
}

/** An http server that returns what it received; with a handler, what that returns. */
export async function startEchoUpstream(
  handler: (req: IncomingMessage, res: ServerResponse) => void = echo,
): Promise<EchoUpstream> {
  let count = 0;
  const open = new Set<Socket>();
  const server = createServer((req, res) => {
    count += 1;
    handler(req, res);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const port = await listen(server);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    count: () => count,
    close: () => closeAll(server, open),
  };
}

export function echo(req: IncomingMessage, res: ServerResponse): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const response: Echo = {
      method: req.method ?? '',
      url: req.url ?? '',
      rawHeaders: req.rawHeaders,
      body: Buffer.concat(chunks).toString('latin1'),
    };
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(response));
  });
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function closeAll(
  server: Server | ReturnType<typeof createTcpServer>,
  open: ReadonlySet<Socket>,
): Promise<void> {
  for (const socket of open) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
