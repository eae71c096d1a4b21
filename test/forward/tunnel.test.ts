import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openRaw } from '../support/raw.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { CALLER, startEdge, type Edge, type EdgeOptions } from './edge.js';

const UPGRADE =
  'GET /chat?x=1 HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade, X-Nominated\r\nX-Nominated: 1\r\nUpgrade: websocket\r\n' +
  'X-App-Id: forged\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\nUpgrade: WebSocket\r\nX-Request-Id: theirs\r\n' +
  'Sec-WebSocket-Accept: abc\r\n\r\n';

async function tunnelTo(
  script: (request: WireRequest) => void,
  options: EdgeOptions = {},
): Promise<{ edge: Edge; upstream: RawUpstream }> {
  const upstream = keep(await startRawUpstream(script));
  return { upstream, edge: keep(await startEdge(upstream.origin, options)) };
}

it('A real WebSocket client talks with a real server through the gateway', async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, req) => {
    socket.send(`hello ${String(req.headers['x-app-id'])}`);
    socket.on('message', (data: Buffer) => socket.send(data.toString().toUpperCase()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const edge = keep(
    await startEdge(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { principal: CALLER }),
  );
  const client = new WebSocket(`ws://127.0.0.1:${edge.port}/chat`);
  const heard: string[] = [];
  client.on('message', (data: Buffer) => heard.push(data.toString()));
  await expect.poll(() => heard).toEqual(['hello app-1']);
  client.send('one');
  client.send('x'.repeat(200_000));
  await expect.poll(() => heard.length, { timeout: 5000 }).toBe(3);
  expect(heard[1]).toBe('ONE');
  expect(heard[2]).toHaveLength(200_000);
  client.close(1000, 'done');
  const [code] = await new Promise<[number, Buffer]>((resolve) =>
    client.once('close', (...how) => resolve(how)),
  );
  expect(code).toBe(1000);
  expect(await edge.result(0)).toMatchObject({ status: 101, fault: undefined });
  sockets.close();
  await new Promise((resolve) => server.close(resolve));
});

it('The handshake follows the rules of any request, and the 101 those of any response', async () => {
  const { edge, upstream } = await tunnelTo(({ socket }) => socket.write(SWITCH), { principal: CALLER });
  const client = openRaw(edge.port, UPGRADE);
  await client.until(/101[^]*\r\n\r\n/);
  const { head } = upstream.requests[0]!;
  expect(head).toMatch(/^GET \/chat\?x=1 HTTP\/1.1\r\n/);
  expect(head).toMatch(/connection: upgrade\r\nupgrade: websocket\r\n/i);
  expect(head).toContain('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
  expect(head).toContain('X-App-Id: app-1');
  expect(head).not.toMatch(/nominated|forged/i);
  expect(client.text()).toContain('Sec-WebSocket-Accept: abc\r\nX-Request-Id: gate-id\r\n');
  expect(client.text()).not.toMatch(/x-hop|theirs/i);
});

it('Bytes that either side sends right after its head reach the other, after the 101', async () => {
  const { edge, upstream } = await tunnelTo(({ socket }) => {
    setTimeout(() => socket.write(`${SWITCH}early answer`), 50);
  });
  const client = openRaw(edge.port, `${UPGRADE}early question`);
  await client.until(/101[^]*early answer$/);
  await expect.poll(() => upstream.received[0]).toMatch(/\r\n\r\nearly question$/);
});

it('No byte of the client is forwarded before the 101, and none after a refusal', async () => {
  const { edge, upstream } = await tunnelTo(({ socket }) =>
    setTimeout(
      () => socket.write('HTTP/1.1 403 Forbidden\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno'),
      60,
    ),
  );
  const client = openRaw(edge.port, `${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: gate.test\r\n\r\n`);
  client.send('more');
  await client.ended;
  expect(client.text()).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[^]*Connection: close\r\n[^]*\r\nno$/);
  expect(client.text().match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(upstream.received.join('')).not.toMatch(/smuggled|more/);
  expect(await edge.result(0)).toMatchObject({ status: 403, fault: undefined });
});

it('A large response instead of a tunnel is complete for a slow client', async () => {
  const size = 8_000_000;
  const { edge } = await tunnelTo(({ socket }) => {
    socket.write(
      `HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: ${size}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(size));
  });
  const client = openRaw(edge.port, UPGRADE);
  let read = 0;
  client.socket.on('data', (chunk) => (read += chunk.length)).pause();
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.socket.resume();
  await client.ended;
  expect(read).toBeGreaterThan(size);
});

it('An upstream that switches to another protocol, or sends a 101 without one, is a 502', async () => {
  for (const response of [SWITCH.replace('WebSocket', 'h2c'), 'HTTP/1.1 101 Switching Protocols\r\n\r\n']) {
    const { edge, upstream } = await tunnelTo(({ socket }) => socket.write(response));
    const client = openRaw(edge.port, UPGRADE);
    await client.until(/^HTTP\/1.1 502/);
    client.destroy();
    await expect.poll(() => upstream.open.size).toBe(0);
  }
});

it('An upstream that is unavailable, or never responds, is a refusal like any other', async () => {
  const gone = await startRawUpstream(() => undefined);
  await gone.close();
  const refused = openRaw(keep(await startEdge(gone.origin)).port, UPGRADE);
  await refused.until(/^HTTP\/1.1 502/);
  refused.destroy();
  const { edge } = await tunnelTo(() => undefined, { upstream: { timeoutMs: 80 } });
  const late = openRaw(edge.port, UPGRADE);
  await late.until(/^HTTP\/1.1 504/);
  late.destroy();
});

it('A handshake with a body is a 400, and reaches no upstream', async () => {
  const { edge, upstream } = await tunnelTo(({ socket }) => socket.write(SWITCH));
  const client = openRaw(edge.port, UPGRADE.replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\nbody'));
  await client.until(/^HTTP\/1.1 400/);
  client.destroy();
  expect(upstream.received).toHaveLength(0);
});

it('A client that leaves before the 101, by a reset or by its end, frees the upstream at once', async () => {
  for (const leave of ['resetAndDestroy', 'end'] as const) {
    const { edge, upstream } = await tunnelTo(() => undefined);
    const client = openRaw(edge.port, `${UPGRADE}early`);
    await expect.poll(() => upstream.requests.length).toBe(1);
    client.socket[leave]();
    await expect.poll(() => upstream.open.size, { timeout: 200, interval: 5 }).toBe(0);
    expect(await edge.result(0)).toMatchObject({ status: 499, fault: 'client_gone' });
  }
});

it('A 101 that comes after its client has left opens no tunnel', async () => {
  let client = openRaw(1);
  client.destroy();
  const { edge, upstream } = await tunnelTo(({ socket }) => {
    client.destroy();
    socket.write(SWITCH);
  });
  client = openRaw(edge.port, UPGRADE);
  await expect.poll(() => upstream.open.size).toBe(0);
  await edge.result(0);
});

it('A half-closed tunnel continues in the other direction, and ends when both sides have ended', async () => {
  let behind: Socket | undefined;
  const { edge } = await tunnelTo(({ socket }) => {
    behind = socket;
    socket.allowHalfOpen = true;
    socket.write(SWITCH);
  });
  const client = openRaw(edge.port, UPGRADE);
  await client.until(/\r\n\r\n$/);
  client.socket.end('last words');
  await new Promise((resolve) => behind!.once('end', resolve));
  behind!.end('answer to the last words');
  await client.until('answer to the last words');
  expect(await edge.result(0)).toMatchObject({ status: 101, fault: undefined, bytes: 34 });
});

it('A tunnel with one broken side closes the other, and frees its slot', async () => {
  let behind: Socket | undefined;
  const { edge, upstream } = await tunnelTo(
    ({ socket }) => {
      behind = socket;
      socket.write(SWITCH);
    },
    { upstream: { maxConnections: 1, maxTunnels: 1, connectTimeoutMs: 100 } },
  );
  const first = openRaw(edge.port, UPGRADE);
  await first.until(/\r\n\r\n$/);
  const second = openRaw(edge.port, UPGRADE);
  await second.until(/^HTTP\/1.1 503/);
  second.destroy();
  behind!.resetAndDestroy();
  await first.ended;
  expect(await edge.result(1)).toMatchObject({ status: 101, fault: 'tunnel_broken' });
  const third = openRaw(edge.port, UPGRADE);
  await third.until(/101[^]*\r\n\r\n$/);
  third.socket.resetAndDestroy();
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(await edge.result(2)).toMatchObject({ fault: 'tunnel_broken' });
});

it('An idle tunnel is closed; one with traffic is not', async () => {
  let behind: Socket | undefined;
  const { edge } = await tunnelTo(
    ({ socket }) => {
      behind = socket;
      socket.write(SWITCH);
    },
    { upstream: { tunnelIdleMs: 200 } },
  );
  const client = openRaw(edge.port, UPGRADE);
  await client.until(/\r\n\r\n$/);
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 80));
    if (turn % 2 === 0) client.send('ping');
    else behind!.write('pong');
  }
  expect(edge.results).toHaveLength(0);
  await client.ended;
  expect(await edge.result(0)).toMatchObject({ status: 101, fault: 'tunnel_idle', bytes: 16 });
});

it('A tunnel buffers no more than its sockets do for a side that does not read', async () => {
  let poured = 0;
  const { edge } = await tunnelTo(({ socket }) => {
    socket.write(SWITCH);
    const pour = (): void => {
      while (poured < 100_000_000 && socket.write(Buffer.alloc(65536))) poured += 65536;
    };
    socket.on('drain', pour);
    pour();
  });
  const client = openRaw(edge.port, UPGRADE);
  client.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(poured).toBeGreaterThan(0);
  expect(poured).toBeLessThan(60_000_000);
  client.destroy();
  expect(await edge.result(0)).toMatchObject({ fault: 'tunnel_broken' });
});
