/**
 * Backpressure: a slow side slows the other down, and buffers in the gateway stay small. The gateway runs in
 * its own process, since the test's client and upstream buffer more than the gateway does.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateProcess, type GateProcess } from '../support/gate-process.js';
import { openRaw } from '../support/raw.js';

const MEBIBYTE = 1024 * 1024;
const CHUNK = Buffer.alloc(MEBIBYTE);

let upstream: Server;
let gate: GateProcess;
/** Bytes that the upstream has written to its socket, or read from it. */
let moved = 0;
let readOn: () => void = () => undefined;

beforeAll(async () => {
  upstream = createServer((req, res) => {
    moved = 0;
    if (req.method === 'POST') receive(req, res);
    else pour(res, Number(req.url?.slice(1)));
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  gate = await startGateProcess({
    upstreams: { service: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    defaults: { max_body: '1gb' },
    routes: [{ match: '* /{path*}', upstream: 'service', public: true, limit: 'none' }],
  });
  // The first megabytes grow a young heap by 25 to 35 MiB at any reading speed. This is no backlog, and
  // happens once.
  await (await fetch(`http://127.0.0.1:${gate.port}/${64 * MEBIBYTE}`)).arrayBuffer();
});

afterAll(async () => {
  await gate.close();
  upstream.closeAllConnections();
  upstream.close();
});

/** Reads nothing of an upload until it may continue. */
function receive(req: IncomingMessage, res: ServerResponse): void {
  readOn = () => {
    req.on('data', (chunk: Buffer) => (moved += chunk.length)).on('end', () => res.end(String(moved)));
  };
}

/** Responds with so many bytes, as fast as they are read. */
function pour(res: ServerResponse, size: number): void {
  res.writeHead(200, { 'Content-Length': String(size) });
  const more = (): void => {
    while (moved < size) {
      moved += CHUNK.length;
      if (!res.write(CHUNK)) return void res.once('drain', more);
    }
    res.end();
  };
  more();
}

it('1 GiB read at 10 KB/s grows the memory of the gateway by less than 20 MiB', async () => {
  const grown = await gate.watchGrowth();
  const client = openRaw(gate.port, `GET /${1024 * MEBIBYTE} HTTP/1.1\r\nHost: a\r\n\r\n`);
  client.socket.pause();
  const reading = setInterval(() => void client.socket.read(1024), 100);
  await sleep(1500);
  const held = moved;
  await sleep(1500);
  clearInterval(reading);
  client.destroy();
  // The upstream is blocked: what it has sent is in the system's buffers, whose size is bounded.
  expect(moved).toBe(held);
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(50 * MEBIBYTE);
  expect(grown()).toBeLessThan(20);
});

it('An upload to an upstream that does not read pauses, and arrives whole when it reads', async () => {
  const size = 256 * MEBIBYTE;
  const grown = await gate.watchGrowth();
  const headers = { 'content-length': String(size) };
  const upload = request({ port: gate.port, path: '/upload', method: 'POST', headers });
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
  let sent = 0;
  const more = (): void => {
    while (sent < size) {
      sent += CHUNK.length;
      if (!upload.write(CHUNK)) return void upload.once('drain', more);
    }
    upload.end();
  };
  more();
  await sleep(1500);
  const held = sent;
  await sleep(500);
  expect(sent).toBe(held);
  expect(held).toBeLessThan(50 * MEBIBYTE);
  expect(grown()).toBeLessThan(20);
  readOn();
  const [response] = await answered;
  expect((await response.toArray()).join('')).toBe(String(size));
});
