/** A client that disconnects frees the upstream: its connection, and the only slot. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRaw, type RawClient } from '../support/raw.js';
import { OPEN, pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { until } from '../support/until.js';
import { CHUNKED, WEBSOCKET, get, request } from '../support/wire-fixture.js';

/** The bound is 100 ms; a busy machine may take most of a second. */
const WITHIN_MS = 1000;
const UPLOAD = 'x'.repeat(50_000);

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startScriptedFixture(
    OPEN,
    (asked) => {
      const path = pathOf(asked);
      if (path === '/silent') return;
      if (path === '/hints') asked.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      else if (path === '/half') asked.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      else if (path === '/chunks') asked.socket.write(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n4\r\nhalf\r\n`);
      else if (path === '/events')
        asked.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: half\n\n');
      else if (path === '/ws')
        asked.socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhalf',
        );
      else respondOk(asked);
    },
    { max_connections: 1, connect_timeout: '10s' },
  );
});

afterAll(() => fixture.close());

/** The slot is free: the next request gets it, over a new connection. */
afterEach(async () => {
  expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
  await fixture.settle();
});

const LEAVES: [string, (client: RawClient) => unknown][] = [
  ['by a reset', ({ socket }) => socket.resetAndDestroy()],
  ['by an end', (client) => client.destroy()],
];

/** The request, the state of its exchange, and the logged reason. */
const MOMENTS: [when: string, bytes: string, come: RegExp, status: number, reason?: string][] = [
  ['before the head', get('/silent'), /^$/, 499],
  ['between hints and the head', get('/hints'), /103 [^]*\r\n\r\n$/, 499],
  ['in the middle of a body of a stated length', get('/half'), /half$/, 200],
  ['in the middle of a body in chunks', get('/chunks'), /half\r\n$/, 200],
  ['in the middle of an event stream', get('/events'), /half\n\n\r\n$/, 200],
  ['in the middle of its upload', request('PUT /silent', ['Content-Length: 100000'], UPLOAD), /^$/, 499],
  ['in the middle of a chunk of it', request('PUT /silent', [CHUNKED], `fffff\r\n${UPLOAD}`), /^$/, 499],
  ['with a pipeline behind', get('/silent') + get('/silent').repeat(3), /^$/, 499],
  ['before the 101', get('/silent', ...WEBSOCKET), /^$/, 499],
  ['from its WebSocket', get('/ws', ...WEBSOCKET), /half$/, 101, 'tunnel_broken'],
];

/**
 * Reasons where the client ends its side: a tunnel closes normally, and an upload without its rest is a
 * malformed request. A reset is logged as a disconnect.
 */
const PROPER_ENDS = {
  tunnel: { status: 101, reason: undefined },
  upload: { status: 400, reason: 'client_body_broken' },
  other: undefined,
};

describe.each(MOMENTS)('A client that disconnects %s', (_, bytes, come, status, reason = 'client_gone') => {
  it.each(LEAVES)('%s frees the upstream at once', async (how, leave) => {
    const { requests, open } = fixture.upstream;
    const before = { requests: requests.length, records: fixture.gate.records.length };
    const client = openRaw(fixture.gate.port, bytes);
    await client.until(come);
    await until(() => requests.length > before.requests);
    if (bytes.includes(UPLOAD)) await until(() => (requests.at(-1)?.body().length ?? 0) >= UPLOAD.length);
    leave(client);
    expect(await until(() => open.size === 0)).toBeLessThan(WITHIN_MS);
    await until(() => fixture.gate.records.length > before.records);
    await fixture.settle();
    const kind = status === 101 ? 'tunnel' : bytes.includes(UPLOAD) ? 'upload' : 'other';
    const end = how === 'by an end' ? PROPER_ENDS[kind] : undefined;
    for (const record of fixture.gate.records.slice(before.records))
      expect(record).toMatchObject(end ?? { status, reason });
    expect(requests).toHaveLength(before.requests + 1);
  });
});

describe('A client that disconnects while it waits for a slot', () => {
  it.each(LEAVES)('%s is never forwarded, and the next waiter gets the slot', async (_, leave) => {
    const { requests } = fixture.upstream;
    const before = { requests: requests.length, records: fixture.gate.records.length };
    const first = openRaw(fixture.gate.port, get('/silent'));
    await until(() => requests.length > before.requests);
    const leavers = Array.from({ length: 3 }, (__, at) => openRaw(fixture.gate.port, get(`/leaver/${at}`)));
    const behind = openRaw(fixture.gate.port, get('/behind'));
    await fixture.settle();
    leavers.forEach(leave);
    const leftMs = await until(() => fixture.gate.records.length === before.records + leavers.length);
    expect(leftMs).toBeLessThan(WITHIN_MS);
    leave(first);
    await behind.until(/ok$/);
    behind.destroy();
    await fixture.settle();
    expect(requests.slice(before.requests).map(pathOf)).toEqual(['/silent', '/behind']);
    expect(fixture.gate.records.slice(before.records).map(({ status, reason }) => [status, reason])).toEqual([
      ...Array<unknown>(4).fill([499, 'client_gone']),
      [200, undefined],
    ]);
  });
});

describe('A hundred clients that disconnect at once', () => {
  it('leave no connection, slot or request behind', async () => {
    const records = fixture.gate.records.length;
    const clients = Array.from({ length: 100 }, (_, at) =>
      openRaw(fixture.gate.port, get(at % 2 === 0 ? '/half' : '/silent')),
    );
    await until(
      () => clients.some((client) => client.text().endsWith('half')) || fixture.upstream.open.size === 1,
    );
    clients.forEach((client) => client.socket.resetAndDestroy());
    // A connection opened for a client that left before it was used stays in the pool. No request is sent on
    // it.
    const asked = (): boolean =>
      fixture.upstream.requests.some(({ socket }) => fixture.upstream.open.has(socket));
    await until(() => fixture.gate.records.length === records + 100);
    expect(await until(() => !asked())).toBeLessThan(WITHIN_MS);
  });
});
