/**
 * `client.max_connections`: a connection above it is closed on arrival, tunnels count, and many at once are
 * logged together.
 */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw, type RawClient } from '../support/raw.js';
import { until } from '../support/until.js';
import { get } from '../support/wire-fixture.js';

const MAX_CONNECTIONS = 3;

let sockets: Server;
let folder: string;
let gate: TestGate;
let clients: RawClient[];

beforeEach(async () => {
  clients = [];
  folder = await mkdtemp(join(tmpdir(), 'tollgate-connections-'));
  sockets = createServer((_req, res) => res.end('ok'));
  new WebSocketServer({ server: sockets });
  await once(sockets.listen(0, '127.0.0.1'), 'listening');
  gate = await startGate({
    log: { level: 'warn', file: join(folder, 'gate.log') },
    client: { max_connections: MAX_CONNECTIONS },
    upstreams: { service: `http://127.0.0.1:${(sockets.address() as AddressInfo).port}` },
    routes: [{ match: 'GET /{name}', upstream: 'service', public: true, limit: 'none' }],
  });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await gate.stop();
  sockets.closeAllConnections();
  sockets.close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<RawClient> {
  const client = openRaw(gate.port, get('/plain'));
  clients.push(client);
  await client.until(/ok$/);
  return client;
}

/** Whether a new connection gets a response, or is closed on arrival. */
async function isTaken(): Promise<boolean> {
  const client = openRaw(gate.port, get('/plain'));
  const taken = await client.until(/ok$/).then(
    () => true,
    () => false,
  );
  client.destroy();
  return taken;
}

it('A connection above the maximum is closed on arrival; when one has ended the next is accepted', async () => {
  for (let count = 0; count < MAX_CONNECTIONS; count++) await open();
  expect(await isTaken()).toBe(false);
  clients[0]?.destroy();
  await until(isTaken);
});

it('A tunnel counts', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${gate.port}/socket`);
  await once(socket, 'open');
  for (let count = 1; count < MAX_CONNECTIONS; count++) await open();
  expect(await isTaken()).toBe(false);
  socket.terminate();
  await until(isTaken);
});

it('Many refused connections are one line a second, with their number', async () => {
  for (let count = 0; count < MAX_CONNECTIONS; count++) await open();
  for (let count = 0; count < 50; count++) expect(await isTaken()).toBe(false);
  const dropped = async (): Promise<number[]> =>
    [...(await readFile(join(folder, 'gate.log'), 'utf8')).matchAll(/"connections":(\d+)/g)].map(([, n]) =>
      Number(n),
    );
  await until(async () => (await dropped()).reduce((sum, count) => sum + count, 0) === 50);
  expect((await dropped()).length).toBeLessThan(10);
});
