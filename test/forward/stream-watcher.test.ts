import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createStreamWatcher } from '../../src/revocation/stream-watcher.js';
import { openRaw } from '../support/raw.js';
import { startRawUpstream, type WireRequest } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { CALLER, startEdge, type EdgeOptions } from './edge.js';

const UPGRADE =
  'GET /chat HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n\r\n';
const GET = 'GET /events HTTP/1.1\r\nHost: gate.test\r\n\r\n';
const EVENTS =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';

/** Revocations of everybody, at once. */
function createSwitch() {
  const listeners = new Set<() => void>();
  let isRevoked = false;
  const revocations = {
    isRevoked: () => isRevoked,
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const streamWatcher = createStreamWatcher({ revocations, clockSkewMs: () => 0, now: Date.now });
  let held = 0;
  let listening = 0;
  return {
    /** How many wait for a revocation. */
    listening: () => listening,
    /** How many exchanges are watched. */
    held: () => held,
    streamWatcher: {
      ...streamWatcher,
      watch(...args: Parameters<typeof streamWatcher.watch>) {
        const letGo = streamWatcher.watch(...args);
        let isHeld = true;
        held += 1;
        return () => {
          if (isHeld) held -= 1;
          isHeld = false;
          letGo();
        };
      },
      onRevocation(listener: () => void) {
        const unsubscribe = streamWatcher.onRevocation(listener);
        listening += 1;
        return () => {
          listening -= 1;
          unsubscribe();
        };
      },
    },
    revoke() {
      isRevoked = true;
      for (const listener of listeners) listener();
    },
  };
}

async function edgeTo(
  script: (request: WireRequest) => void,
  lifetimeMs = Infinity,
  settings: EdgeOptions['upstream'] = {},
) {
  const upstream = keep(await startRawUpstream(script));
  const kill = createSwitch();
  const principal = { ...CALLER, expiresAtMs: Date.now() + lifetimeMs };
  const edge = keep(
    await startEdge(upstream.origin, { principal, streamWatcher: kill.streamWatcher, upstream: settings }),
  );
  return { upstream, edge, kill };
}

it('A tunnel ends on both sides when its caller is revoked', async () => {
  const { upstream, edge, kill } = await edgeTo(({ socket }) => socket.write(SWITCH));
  const client = openRaw(edge.port, UPGRADE);
  await client.until(/\r\n\r\n$/);
  expect(kill.held()).toBe(1);
  kill.revoke();
  await client.ended;
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(await edge.result(0)).toMatchObject({ status: 101, fault: 'token_ended' });
  expect(kill.held()).toBe(0);
});

it('A tunnel ends when its token does, though both sides talk', async () => {
  const { edge } = await edgeTo(({ socket }) => {
    socket.write(SWITCH);
    const talk = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(talk));
  }, 300);
  const start = Date.now();
  const client = openRaw(edge.port, UPGRADE);
  await client.until('xxx');
  await client.ended;
  expect(Date.now() - start).toBeGreaterThanOrEqual(290);
  expect(await edge.result(0)).toMatchObject({ status: 101, fault: 'token_ended' });
});

it('A closed tunnel is no longer watched', async () => {
  const { edge, kill } = await edgeTo(({ socket }) => socket.write(SWITCH));
  const client = openRaw(edge.port, UPGRADE);
  await client.until(/\r\n\r\n$/);
  client.destroy();
  await edge.result(0);
  expect(kill.held()).toBe(0);
});

it('An event stream is cut when its caller is revoked, and does not look complete', async () => {
  const { upstream, edge, kill } = await edgeTo(({ socket }) => socket.write(EVENTS));
  const client = openRaw(edge.port, GET);
  await client.until('data: 1');
  expect(kill.held()).toBe(1);
  kill.revoke();
  await client.ended;
  expect(client.text()).not.toMatch(/\r\n0\r\n/);
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'token_ended' });
  expect(kill.held()).toBe(0);
});

it('An event stream ends when its token does', async () => {
  const { edge } = await edgeTo(({ socket }) => socket.write(EVENTS), 200);
  const client = openRaw(edge.port, GET);
  await client.until('data: 1');
  await client.ended;
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'token_ended' });
});

it('An event stream that ends by itself is no longer watched, and ends properly', async () => {
  const { edge, kill } = await edgeTo(({ socket }) => socket.write(`${EVENTS}0\r\n\r\n`));
  const client = openRaw(edge.port, GET);
  await client.until(/\r\n0\r\n\r\n$/);
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: undefined });
  expect(kill.held()).toBe(0);
  client.destroy();
});

it('A caller revoked before the upstream responds keeps neither tunnel nor event stream', async () => {
  const { upstream, edge, kill } = await edgeTo(({ socket, head }) =>
    setTimeout(() => socket.write(head.includes('/chat') ? SWITCH : EVENTS), 700),
  );
  const clients = [openRaw(edge.port, UPGRADE), openRaw(edge.port, GET)];
  await expect.poll(() => upstream.requests.length).toBe(2);
  kill.revoke();
  await Promise.all(clients.map((client) => client.ended));
  await expect.poll(() => edge.results).toMatchObject([{ status: 401 }, { status: 401 }]);
});

const HALF = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nhalf';
const UPLOAD = 'POST /up HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 100000\r\n\r\nhalf';

it.each([
  ['A download', GET, HALF, 'half', { status: 200, fault: 'token_ended' }],
  ['An upload', UPLOAD, '', '', { status: 401, reason: 'invalid_token' }],
  ['A wait for the head of a response', GET, '', '', { status: 401, reason: 'invalid_token' }],
])('%s is cut within a second of the revocation of its caller', async (_, request, reply, sign, result) => {
  const { upstream, edge, kill } = await edgeTo(({ socket }) => void socket.write(reply));
  const client = openRaw(edge.port, request);
  await expect.poll(() => upstream.requests.length).toBe(1);
  await client.until(sign);
  const since = Date.now();
  kill.revoke();
  expect(await edge.result(0)).toMatchObject(result);
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(Date.now() - since).toBeLessThan(1000);
  if (result.status === 200) await client.ended;
  else await client.until(/^HTTP\/1\.1 401 /);
  expect(client.text()).not.toContain('halfhalf');
  client.destroy();
});

it('A request that waits for a slot when its caller is revoked never reaches the upstream', async () => {
  const { upstream, edge, kill } = await edgeTo(() => undefined, Infinity, { maxConnections: 1 });
  const clients = [openRaw(edge.port, GET), openRaw(edge.port, GET)];
  await expect.poll(() => upstream.requests.length).toBe(1);
  await expect.poll(() => edge.pools.states().length && edge.results.length).toBe(0);
  kill.revoke();
  await Promise.all(clients.map((client) => client.until(/^HTTP\/1\.1 401 /)));
  expect(upstream.requests).toHaveLength(1);
  for (const client of clients) client.destroy();
});

it('A small body that is still arriving when its caller is revoked is not forwarded', async () => {
  const { upstream, edge, kill } = await edgeTo(() => undefined, Infinity, { maxConnections: 1 });
  const client = openRaw(edge.port, 'POST /up HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 4\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const since = Date.now();
  kill.revoke();
  // Though the rest of it never comes.
  await client.until(/^HTTP\/1\.1 401 /);
  expect(Date.now() - since).toBeLessThan(900);
  expect(upstream.requests).toHaveLength(0);
  client.destroy();
});

it('A response that waits behind another on its connection is cut, though the upstream has ended it', async () => {
  const { upstream, edge, kill } = await edgeTo(({ socket, head }) => {
    if (!head.includes('/held')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
  });
  const others = kill.listening();
  const client = openRaw(edge.port, `GET /held HTTP/1.1\r\nHost: gate.test\r\n\r\n${GET}`);
  await expect.poll(() => upstream.requests.length).toBe(2);
  await expect.poll(() => edge.endings).toEqual(['done']);
  await expect.poll(() => kill.listening()).toBe(others + 1);
  kill.revoke();
  await expect.poll(() => edge.results).toHaveLength(2);
  expect(edge.results).toContainEqual(expect.objectContaining({ status: 200, fault: 'token_ended' }));
  expect(client.text()).not.toContain('done');
  client.destroy();
});

it('A response that the upstream has ended is cut for a client that does not read the rest of it', async () => {
  const kill = createSwitch();
  let out: Socket | undefined;
  // In pieces, until the buffers between gateway and client are full; then the end.
  const piece = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
  const fill = async ({ socket }: WireRequest): Promise<void> => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    while (out?.writableLength === 0) {
      const { bytesWritten } = out;
      socket.write(piece);
      while (out.bytesWritten === bytesWritten) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write('0\r\n\r\n');
  };
  const upstream = keep(await startRawUpstream((request) => void fill(request)));
  const before = (_req: unknown, res: ServerResponse): void => void (out = res.socket ?? undefined);
  const edge = keep(
    await startEdge(upstream.origin, { principal: CALLER, streamWatcher: kill.streamWatcher, before }),
  );
  const client = openRaw(edge.port, GET);
  client.socket.pause();
  await expect.poll(() => edge.endings).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(edge.results).toHaveLength(0);
  kill.revoke();
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'token_ended' });
  expect(out?.destroyed).toBe(true);
  client.destroy();
});
