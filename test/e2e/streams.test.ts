/**
 * Streams: nothing is held back, and nothing broken looks complete (for buffering see backpressure.test.ts).
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const MEGABYTE = 1024 * 1024;

let upstream: Server;
let handler: Handler;
let gate: TestGate;
let connections: Set<Socket>;

beforeAll(async () => {
  connections = new Set();
  upstream = createServer((req, res) => handler(req, res));
  upstream.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  const sockets = new WebSocketServer({ server: upstream, maxPayload: 64 * MEGABYTE });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      socket.send(data, { binary });
    });
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  gate = await startGate({
    upstreams: { service: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    defaults: { max_body: '1gb' },
    routes: [{ match: '* /{path*}', upstream: 'service', public: true, limit: 'none' }],
  });
});

afterAll(async () => {
  await gate.stop();
  upstream.closeAllConnections();
  upstream.close();
});

beforeEach(() => {
  handler = (_req, res) => res.end();
});

afterEach(() => {
  for (const socket of connections) socket.destroy();
});

async function until(condition: () => boolean, withinMs = 2000): Promise<number> {
  const begun = performance.now();
  while (!condition()) {
    if (performance.now() - begun > withinMs)
      throw new Error(`not within ${withinMs} ms: ${String(condition)}`);
    await sleep(2);
  }
  return performance.now() - begun;
}

describe('an event stream', () => {
  it('reaches its reader event by event, with the head before the first event', async () => {
    let send: (text: string) => void = () => undefined;
    handler = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.flushHeaders();
      send = (text) => void res.write(text);
    };
    const response = await fetch(`${gate.url}/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body!.getReader();
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      send(event);
      const { value } = await reader.read();
      expect(Buffer.from(value).toString()).toBe(event);
    }
    await reader.cancel();
  });

  it('ends at the upstream when its reader disconnects', async () => {
    let closed = false;
    handler = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      res.once('close', () => (closed = true));
    };
    const client = openRaw(gate.port, 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('data: 1');
    client.destroy();
    expect(await until(() => closed)).toBeLessThan(500);
  });
});

describe('a client that disconnects', () => {
  it('before the response frees the connection to the upstream', async () => {
    handler = () => undefined;
    const client = openRaw(gate.port, 'GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => connections.size === 1);
    await sleep(20);
    client.destroy();
    expect(await until(() => connections.size === 0)).toBeLessThan(500);
    await until(() => gate.records.at(-1)?.status === 499);
    expect(gate.records.at(-1)?.reason).toBe('client_gone');
  });

  it('in the middle of its upload never looks complete to the upstream', async () => {
    const seen: string[] = [];
    handler = (req) => {
      req.on('data', () => seen.push('data')).on('end', () => seen.push('end'));
      req.on('error', () => undefined).on('close', () => seen.push('close'));
    };
    for (const framing of [
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'Content-Length: 10\r\n\r\nhello',
    ]) {
      seen.length = 0;
      const client = openRaw(gate.port, `POST /upload HTTP/1.1\r\nHost: a\r\n${framing}`);
      await until(() => seen.includes('data'));
      client.destroy();
      await until(() => seen.includes('close'));
      expect(seen).not.toContain('end');
    }
  });
});

describe('an upload', () => {
  it('is streamed: the upstream gets its beginning before the client has sent its end', async () => {
    let received = '';
    handler = (req, res) => {
      req.on('data', (chunk: Buffer) => (received += chunk.toString()));
      req.on('end', () => res.end(received));
    };
    for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': '10' }]) {
      received = '';
      const upload = request(`${gate.url}/upload`, { method: 'POST', headers });
      upload.write('first');
      await until(() => received === 'first');
      upload.end('later');
      const [response] = (await once(upload, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      expect(received).toBe('firstlater');
    }
  });
});

describe('a download', () => {
  it('that breaks in the middle never looks complete, with any framing', async () => {
    const broken: Handler[] = [
      (_req, res) => {
        res.writeHead(200, { 'Content-Length': '100' }).write('half');
        setTimeout(() => res.socket?.destroy(), 30);
      },
      (_req, res) => {
        res.writeHead(200).write('half');
        setTimeout(() => res.socket?.destroy(), 30);
      },
      (_req, res) => {
        res.writeHead(200).write('half');
        setTimeout(() => res.socket instanceof Socket && res.socket.resetAndDestroy(), 30);
      },
      (_req, res) => {
        res.useChunkedEncodingByDefault = false;
        res.removeHeader('Transfer-Encoding');
        res.writeHead(200, { Connection: 'close' }).write('half');
        setTimeout(() => res.socket instanceof Socket && res.socket.resetAndDestroy(), 30);
      },
    ];
    for (const [index, each] of broken.entries()) {
      handler = each;
      const response = await fetch(`${gate.url}/broken`);
      expect(response.status).toBe(200);
      expect(await response.text().catch(() => 'broken'), `variant ${index}`).toBe('broken');
    }
  });
});

describe('a WebSocket', () => {
  it('carries text, binary and large frames both ways, unchanged', async () => {
    const socket = new WebSocket(gate.url.replace('http', 'ws') + '/socket', { maxPayload: 64 * MEGABYTE });
    await once(socket, 'open');
    const frames = ['text', '', randomBytes(1), randomBytes(65_536), randomBytes(16 * MEGABYTE), 'after'];
    for (const frame of frames) {
      socket.send(frame);
      const [data, binary] = (await once(socket, 'message')) as [Buffer, boolean];
      expect(binary).toBe(typeof frame !== 'string');
      expect(digest(data)).toBe(digest(Buffer.from(frame)));
    }
    socket.close(4001, 'enough');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'enough']);
    await until(() => gate.records.at(-1)?.status === 101);
  });

  it('whose client disappears also ends at the upstream', async () => {
    const socket = new WebSocket(gate.url.replace('http', 'ws') + '/socket');
    await once(socket, 'open');
    expect(connections.size).toBe(1);
    socket.terminate();
    expect(await until(() => connections.size === 0)).toBeLessThan(500);
  });

  it('whose upstream disappears also ends at the client', async () => {
    const socket = new WebSocket(gate.url.replace('http', 'ws') + '/socket');
    await once(socket, 'open');
    for (const connection of connections) connection.destroy();
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1006);
  });
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
