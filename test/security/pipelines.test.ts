/**
 * Pipelines, and requests in them that change or break the connection: each request gets its response in
 * order, or the connection closes.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CHUNKED,
  H2C,
  LARGE_BYTES,
  SLOW_MS,
  SMUGGLED,
  WEBSOCKET,
  get,
  request,
  startWireFixture,
  type WireFixture,
} from '../support/wire-fixture.js';

let fixture: WireFixture;
const seen: WireFixture['seen'] = (bytes, responses) => fixture.seen(bytes, responses);

beforeAll(async () => {
  fixture = await startWireFixture();
});
afterAll(() => fixture.close());

/** Invariants of every case below. */
afterEach(async () => {
  await fixture.settle();
  expect(fixture.upstream.requests.length).toBeLessThanOrEqual(fixture.admitted());
  expect((await fixture.talk(get('/alive'))).responses[0]?.body).toBe('/alive');
});

describe('A pipeline', () => {
  it('gets its responses in order, including refusals', async () => {
    const bytes = [
      get('/slow'),
      get('/a//b'),
      get('/two'),
      get('/three', 'Host: other'),
      request('POST /four', ['Content-Length: 3'], 'abc'),
      request('TRACE /five'),
      get('/six', 'Connection: close'),
      SMUGGLED,
    ];
    const { statuses, responses, paths } = await seen(bytes.join(''), 8);
    expect(statuses).toEqual([200, 400, 200, 400, 200, 405, 200]);
    expect(responses.map(({ body }) => body).filter((body) => body.startsWith('/'))).toEqual([
      '/slow',
      '/two',
      '/four',
      '/six',
    ]);
    expect([...paths].sort()).toEqual(['/four', '/six', '/slow', '/two']);
  });

  it('ends with a refusal whose request body is unread', async () => {
    const refused = request('POST /a//b', [`Content-Length: ${SMUGGLED.length + 1}`], SMUGGLED);
    const { statuses, paths, end } = await seen(`${get('/one')}${refused}`, 3);
    expect([statuses, paths, end]).toEqual([[200, 400], ['/one'], 'end']);
  });

  it('with garbage after a request gets the response to the request, then 400 and a close', async () => {
    const { statuses, paths, end } = await seen(`${get('/slow')}GARBAGE\r\n\r\n`, 3);
    expect([statuses, paths, end]).toEqual([[200, 400], ['/slow'], 'end']);
  });

  it('with a broken body after a pending response does not mix the two', async () => {
    const { text } = await seen(`${get('/slow')}${request('POST /a', [CHUNKED], 'zz\r\n')}`, 2);
    // The refusal of the second request does not replace the first response.
    expect(text).not.toMatch(/^HTTP\/1\.1 400/);
  });

  it('with a WebSocket after a pending response waits for that response', async () => {
    const { statuses, paths } = await seen(get('/slow') + get('/ws', ...WEBSOCKET), 2);
    expect([statuses, paths]).toEqual([
      [200, 101],
      ['/slow', '/ws'],
    ]);
  });

  it('with an h2c upgrade between plain requests gets all responses in order', async () => {
    const bytes = get('/slow') + get('/h2c', ...H2C) + get('/after');
    const { responses, paths } = await seen(bytes, 3);
    expect(responses.map(({ body }) => body)).toEqual(['/slow', '/h2c', '/after']);
    expect([...paths].sort()).toEqual(['/after', '/h2c', '/slow']);
  });

  it.each([
    ['CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n', 405],
    ['a WebSocket', get('/ws', ...WEBSOCKET), 101],
    ['an upgrade to h2c', get('/h2c', ...H2C), 200],
    ['garbage', 'GARBAGE\r\n\r\n', 400],
  ])('with %s after a large response gets that one complete, and then its own', async (_, second, status) => {
    const { statuses, responses } = await seen(get('/large') + second, 2);
    expect(statuses).toEqual([200, status]);
    expect(responses[0]?.body).toHaveLength(LARGE_BYTES);
  });

  it('of h2c upgrades alone gets all responses', async () => {
    const { statuses } = await seen(get('/h2c', ...H2C).repeat(30), 30);
    expect(statuses).toEqual(new Array(30).fill(200));
  });

  it.each([
    ['CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n'],
    ['a WebSocket', get('/ws', ...WEBSOCKET)],
    ['an upgrade to h2c', get('/h2c', ...H2C)],
    ['garbage', 'GARBAGE\r\n\r\n'],
  ])('that is reset while %s waits for a response leaves the gateway alive', async (_, second) => {
    const socket = connect(fixture.gate.port, '127.0.0.1');
    socket.on('error', () => undefined).write(get('/slow') + second);
    await sleep(SLOW_MS / 3);
    socket.resetAndDestroy();
    await sleep(SLOW_MS);
    expect((await fixture.talk(get('/still'))).responses[0]?.body).toBe('/still');
  });
});

describe('A pipeline whose client disconnects', () => {
  it('frees the slot of each of its requests at once; those that wait have none', async () => {
    const before = fixture.gate.records.length;
    const upload = request('POST /two', ['Content-Length: 2'], 'ab');
    const socket = connect(fixture.gate.port, '127.0.0.1');
    socket.on('error', () => undefined).write(get('/slow') + get('/three').repeat(20) + upload.repeat(20));
    await sleep(SLOW_MS / 3);
    socket.resetAndDestroy();
    await expect.poll(() => fixture.gate.records.slice(before).length, { timeout: 2000 }).toBe(21);
    await fixture.settle();
    expect(fixture.gate.records.slice(before)).toHaveLength(21);
    expect(new Set(fixture.gate.records.slice(before).map(({ reason }) => reason))).toEqual(
      new Set(['client_gone']),
    );
  });
});

describe('A protocol upgrade', () => {
  it("switches to raw bytes only after the upstream's 101: bytes sent before it are never a request", async () => {
    const { statuses, paths } = await seen(get('/refused', ...WEBSOCKET) + SMUGGLED, 2);
    expect([statuses, paths]).toEqual([[403], ['/refused']]);
  });

  it('forwards later bytes raw', async () => {
    const { statuses, text, requests } = await seen(get('/ws', ...WEBSOCKET) + SMUGGLED, 2);
    expect(statuses).toEqual([101]);
    expect(text).not.toContain('/smuggled');
    expect(requests).toHaveLength(1);
  });

  it('that was not requested is a broken response', async () => {
    const { statuses, paths } = await seen(get('/unasked') + SMUGGLED, 2);
    expect(statuses[0]).toBe(502);
    expect(paths.filter((path) => path === '/unasked')).toHaveLength(1);
  });

  it.each([
    ['a stated length', ['Content-Length: 3'], 'abc'],
    ['chunks', [CHUNKED], '3\r\nabc\r\n0\r\n\r\n'],
  ])('to a WebSocket with a body of %s is refused', async (_, fields, body) => {
    const { statuses, paths, end } = await seen(
      request('GET /ws', [...WEBSOCKET, ...fields], body) + SMUGGLED,
      2,
    );
    expect([statuses, paths, end]).toEqual([[400], [], 'end']);
  });

  it.each([
    ['a stated length', ['Content-Length: 3'], 'abc'],
    ['chunks', [CHUNKED], '3\r\nabc\r\n0\r\n\r\n'],
  ])(
    'to h2c with a body of %s and a request after it becomes two plain requests',
    async (_, fields, body) => {
      const { responses, paths, requests } = await seen(
        request('POST /h2c', [...H2C, ...fields], body) + get('/second'),
        2,
      );
      expect(responses.map(({ body: path }) => path)).toEqual(['/h2c', '/second']);
      expect([...paths].sort()).toEqual(['/h2c', '/second']);
      for (const { head } of requests) expect(head).not.toMatch(/^(upgrade|http2-settings):/im);
    },
  );

  it('that is refused leaves no connection open, whatever the client sends after it', async () => {
    const clients = ['/a//b', '/refused'].flatMap((path) =>
      ['a', 'a'.repeat(100_000)].map(async (behind) => {
        const socket = connect({ port: fixture.gate.port, host: '127.0.0.1', allowHalfOpen: true });
        socket.on('error', () => undefined).write(get(path, ...WEBSOCKET));
        await once(socket, 'data');
        socket.end(behind);
        await sleep(50);
        socket.destroy();
      }),
    );
    await Promise.all(clients);
    const open = async (): Promise<string | undefined> => {
      const metrics = await fetch(`${fixture.gate.adminUrl}/metrics`);
      return /^tollgate_connections (\d+)$/m.exec(await metrics.text())?.[1];
    };
    await expect.poll(open, { timeout: 5000 }).toBe('0');
  });

  it('by POST, in HTTP/1.0 or to one of several protocols is ignored', async () => {
    const post = await seen(request('POST /ws', WEBSOCKET));
    expect([post.statuses, post.paths]).toEqual([[200], ['/ws']]);
    const several = await seen(get('/ws', 'Connection: Upgrade', 'Upgrade: websocket, h2c'));
    expect([several.statuses, several.paths]).toEqual([[200], ['/ws']]);
    const old = await seen(`GET /ws HTTP/1.0\r\nHost: gate.test\r\n${WEBSOCKET.join('\r\n')}\r\n\r\n`);
    expect([old.statuses, old.paths]).toEqual([[400], []]);
  });

  it('with two Host fields is refused like any request', async () => {
    const flawed = ['Host: other.test'];
    expect((await seen(get('/ws', ...flawed, ...WEBSOCKET))).statuses).toEqual([400]);
    expect((await seen(get('/ws', ...flawed, ...H2C))).statuses).toEqual([400]);
  });
});

describe('An unsupported method or version', () => {
  it.each([
    ['CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n', 405],
    ['TRACE', request('TRACE /a', ['Connection: close']), 405],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/2.0', 'GET /a HTTP/2.0\r\nHost: gate.test\r\nConnection: close\r\n\r\n', 400],
    ['HTTP/1.2', 'GET /a HTTP/1.2\r\nHost: gate.test\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /a HTTP/0.9\r\nHost: gate.test\r\n\r\n', 400],
    ['no version at all', 'GET /a\r\n\r\n', 400],
    ['RTSP/1.0', 'DESCRIBE /a RTSP/1.0\r\nHost: gate.test\r\n\r\n', 400],
    ['RTSP/1.0 as its clients send it', 'OPTIONS /a RTSP/1.0\r\nCSeq: 1\r\n\r\n', 400],
    ['RTSP/2.0', 'GET /a RTSP/2.0\r\nHost: gate.test\r\n\r\n', 400],
    ['ICE/1.0', 'SOURCE /a ICE/1.0\r\nContent-Type: audio/ogg\r\n\r\n', 400],
    ['a method in lower case', 'get /a HTTP/1.1\r\nHost: gate.test\r\n\r\n', 501],
  ])('is refused: %s', async (_, bytes, status) => {
    const { statuses, paths, end } = await seen(bytes + SMUGGLED, 2);
    expect([statuses, paths, end]).toEqual([[status], [], 'end']);
  });

  it('does not include HTTP/1.0, whose connection closes after the response', async () => {
    const { statuses, paths, end } = await seen('GET /old HTTP/1.0\r\nHost: gate.test\r\n\r\n' + SMUGGLED, 2);
    expect([statuses, paths, end]).toEqual([[200], ['/old'], 'end']);
  });
});
