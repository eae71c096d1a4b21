import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ANONYMOUS } from '../../src/model/principal.js';
import { Refusal } from '../../src/model/refusal.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startRawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge } from './edge.js';
import { startFull } from './full-server.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const upstream = await startRawUpstream(() => undefined);
  await upstream.close();
  return upstream.port;
}

it('An upstream where nobody listens is a 502', async () => {
  const edge = keep(await startEdge(`http://127.0.0.1:${await deadPort()}`));
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 502 [^]*could not be reached/);
  expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 502 [^]*could not be reached/);
});

it('A connection that is not established in time is a 504', async () => {
  const full = keep(await startFull());
  const edge = keep(await startEdge(full.origin, { upstream: { connectTimeoutMs: 200, retries: 0 } }));
  const startedMs = performance.now();
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 504/);
  expect(performance.now() - startedMs).toBeLessThan(900);
});

it('A client that disconnects during connecting is released at once', async () => {
  const full = keep(await startFull());
  const edge = keep(await startEdge(full.origin, { upstream: { connectTimeoutMs: 300, maxConnections: 1 } }));
  const client = openRaw(edge.port, GET);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.destroy();
  expect(await edge.result(0)).toMatchObject({ status: 499, fault: 'client_gone' });
});

it('An upstream that does not respond in time is a 504, and its connection is closed', async () => {
  const upstream = keep(await startRawUpstream(() => undefined));
  const edge = keep(await startEdge(upstream.origin, { upstream: { timeoutMs: 100 } }));
  const startedMs = performance.now();
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 504/);
  expect(performance.now() - startedMs).toBeLessThan(900);
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(upstream.requests).toHaveLength(1);
});

it('An upstream that sends its head slowly, or endless hints, is also a 504', async () => {
  for (const drop of ['X: y\r\n', 'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n']) {
    const upstream = keep(
      await startRawUpstream(({ socket }) => {
        socket.write(drop.startsWith('X') ? 'HTTP/1.1 200 OK\r\n' : drop);
        const timer = setInterval(() => socket.write(drop), 20);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    const edge = keep(await startEdge(upstream.origin, { upstream: { timeoutMs: 100 } }));
    const response = await exchangeRaw(edge.port, GET);
    expect(response.slice(response.lastIndexOf('HTTP/1.1'))).toMatch(/^HTTP\/1.1 504/);
  }
});

it('An upstream that stops in the middle of its body breaks the connection to the client', async () => {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.write('HTTP/1.1 200 OK\r\n\r\nhalf')));
  const edge = keep(await startEdge(upstream.origin, { upstream: { idleTimeoutMs: 80 } }));
  const client = openRaw(edge.port, GET);
  await client.ended;
  expect(client.text()).toMatch(/4\r\nhalf\r\n$/);
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'upstream_idle_in_body', bytes: 4 });
  await expect.poll(() => upstream.open.size).toBe(0);
});

it('A client that disconnects frees its upstream and its slot within 100 ms, before and during a response', async () => {
  for (const response of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf']) {
    const upstream = keep(
      await startRawUpstream(({ socket, index }) => socket.write(index === 0 ? response : OK)),
    );
    const edge = keep(await startEdge(upstream.origin, { upstream: { maxConnections: 1 } }));
    const client = openRaw(edge.port, GET);
    await expect.poll(() => upstream.requests.length).toBe(1);
    if (response !== '') await client.until('half');
    client.destroy();
    await expect.poll(() => upstream.open.size, { timeout: 100, interval: 5 }).toBe(0);
    expect(await edge.result(0)).toMatchObject({ fault: 'client_gone', status: response === '' ? 499 : 200 });
    expect(await exchangeRaw(edge.port, GET)).toMatch(/ok$/);
  }
});

it('A request whose client has left before its admission is not forwarded, with its body read or without one', async () => {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.write(OK)));
  for (const request of [GET, POST, GET.replace('Connection: close\r\n', '') + GET]) {
    const edge = keep(
      await startEdge(upstream.origin, {
        before: async (req) => {
          req.socket.destroy();
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
      }),
    );
    const client = openRaw(edge.port, request);
    expect(await edge.result(0)).toMatchObject({ status: 499, fault: 'client_gone' });
    client.destroy();
  }
  expect(upstream.requests).toHaveLength(0);
});

it('A client that disconnects in the middle of its body aborts the upstream request', async () => {
  const upstream = keep(await startRawUpstream(() => undefined));
  const edge = keep(await startEdge(upstream.origin));
  const client = openRaw(edge.port, 'POST /a HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 9\r\n\r\nhalf');
  await expect.poll(() => upstream.requests.length).toBe(1);
  client.destroy();
  await expect.poll(() => upstream.open.size, { timeout: 100, interval: 5 }).toBe(0);
  expect(upstream.requests[0]!.body()).toBe('half');
});

it('A pipelined request whose client has left frees its upstream too', async () => {
  const upstream = keep(await startRawUpstream(() => undefined));
  const edge = keep(await startEdge(upstream.origin));
  const kept = GET.replace('Connection: close\r\n', '');
  const client = openRaw(edge.port, kept + kept);
  await expect.poll(() => upstream.requests.length).toBe(2);
  client.destroy();
  await expect.poll(() => upstream.open.size, { timeout: 100, interval: 5 }).toBe(0);
  await expect.poll(() => edge.results.length).toBe(2);
});

it('A safe request whose connection is lost before a response is retried, as often as the file says', async () => {
  for (const [method, retries, times] of [
    ['GET', 1, 2],
    ['HEAD', 2, 3],
    ['OPTIONS', 1, 2],
    ['GET', 0, 1],
  ] as const) {
    const upstream = keep(await startRawUpstream(({ socket }) => socket.resetAndDestroy()));
    const edge = keep(await startEdge(upstream.origin, { upstream: { retries } }));
    expect(await exchangeRaw(edge.port, GET.replace('GET', method))).toMatch(/^HTTP\/1.1 502/);
    expect(upstream.requests).toHaveLength(times);
  }
});

it('A retry can succeed', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket, index }) => (index === 0 ? socket.end() : socket.write(OK))),
  );
  const edge = keep(await startEdge(upstream.origin));
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 200/);
});

it('A request whose client leaves between two attempts is not retried', async () => {
  let client = openRaw(await deadPort());
  const upstream = keep(
    await startRawUpstream(({ socket }) => {
      client.destroy();
      setTimeout(() => socket.resetAndDestroy(), 20);
    }),
  );
  const edge = keep(await startEdge(upstream.origin));
  client = openRaw(edge.port, GET);
  expect(await edge.result(0)).toMatchObject({ fault: 'client_gone' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(upstream.requests).toHaveLength(1);
});

it('A POST, a PUT, a DELETE or a GET with a body is never sent twice', async () => {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.resetAndDestroy()));
  const edge = keep(await startEdge(upstream.origin, { upstream: { retries: 3 } }));
  const requests = [
    POST,
    POST.replace('POST', 'PUT'),
    GET.replace('GET', 'DELETE'),
    POST.replace('POST', 'GET'),
  ];
  for (const request of requests) expect(await exchangeRaw(edge.port, request)).toMatch(/^HTTP\/1.1 502/);
  expect(upstream.requests).toHaveLength(requests.length);
});

it('Through 300 resets of reused connections every POST arrives at most once', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket, whole, index }) => {
      void whole.then(() => (index % 3 === 0 ? socket.resetAndDestroy() : socket.write(OK)));
      if (index % 2 === 0) setTimeout(() => socket.resetAndDestroy(), 1);
    }),
  );
  const edge = keep(await startEdge(upstream.origin, { upstream: { retries: 3, maxConnections: 4 } }));
  const send = (turn: number): Promise<string> => exchangeRaw(edge.port, POST.replace('/a', `/${turn}`));
  for (let turn = 0; turn < 300; turn += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, at) => send(turn + at)));
  }
  const targets = upstream.requests.map(({ head }) => head.split(' ')[1]);
  expect(new Set(targets).size).toBe(targets.length);
  expect(targets.length).toBeGreaterThan(100);
});

it('An upstream without a free connection has a bounded queue, and a waiter that times out gets a 503', async () => {
  const held: Socket[] = [];
  const upstream = keep(await startRawUpstream(({ socket }) => held.push(socket)));
  const edge = keep(
    await startEdge(upstream.origin, { upstream: { maxConnections: 1, connectTimeoutMs: 150 } }),
  );
  const first = openRaw(edge.port, GET);
  await expect.poll(() => held.length).toBe(1);
  const waiting = Array.from({ length: 4 }, () => exchangeRaw(edge.port, GET));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 503 [^]*Retry-After: 1\r\n/);
  expect(edge.results).toMatchObject([{ detail: 'the queue of the upstream is full' }]);
  for (const response of await Promise.all(waiting)) expect(response).toMatch(/^HTTP\/1.1 503/);
  held[0]!.write(OK);
  await first.until(/ok$/);
  expect(upstream.requests).toHaveLength(1);
});

it('Waiting requests are served in order, and those whose client has left are not', async () => {
  const held: Socket[] = [];
  const upstream = keep(await startRawUpstream(({ socket }) => held.push(socket)));
  const edge = keep(
    await startEdge(upstream.origin, { upstream: { maxConnections: 1, connectTimeoutMs: 2000 } }),
  );
  const get = (path: string): string => GET.replace('/a', path);
  const first = openRaw(edge.port, get('/1'));
  await expect.poll(() => held.length).toBe(1);
  const leaver = openRaw(edge.port, get('/2'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const third = openRaw(edge.port, get('/3'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  leaver.destroy();
  expect(await edge.result(0)).toMatchObject({ status: 499, fault: 'client_gone' });
  held[0]!.write(OK);
  await first.until(/ok$/);
  await expect.poll(() => held.length).toBe(2);
  held[1]!.write(OK);
  await third.until(/ok$/);
  expect(upstream.requests.map(({ head }) => head.split(' ')[1])).toEqual(['/1', '/3']);
});

it('A client that reads nothing does not fill memory, and is disconnected after a while', async () => {
  let written = 0;
  const upstream = keep(
    await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      const chunk = Buffer.alloc(65536);
      const pour = (): void => {
        while (written < 100_000_000 && socket.writable && socket.write(chunk)) written += chunk.length;
      };
      socket.on('drain', pour);
      pour();
    }),
  );
  const edge = keep(await startEdge(upstream.origin, { upstream: { idleTimeoutMs: 100 } }));
  const before = process.memoryUsage.rss();
  const client = openRaw(edge.port, GET);
  client.socket.pause();
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'client_stalled' });
  expect(process.memoryUsage.rss() - before).toBeLessThan(40_000_000);
  expect(written).toBeLessThan(60_000_000);
  await expect.poll(() => upstream.open.size).toBe(0);
});

it('A slow client gets a large response to its end, though it pauses for longer than the upstream may', async () => {
  const size = 30_000_000;
  const upstream = keep(
    await startRawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size));
    }),
  );
  const edge = keep(await startEdge(upstream.origin, { upstream: { idleTimeoutMs: 150 } }));
  let read = 0;
  const client = openRaw(edge.port, GET);
  client.socket.on('data', (chunk) => (read += chunk.length));
  client.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 350));
  client.socket.resume();
  await client.ended;
  expect(read).toBeGreaterThan(size);
  expect(await edge.result(0)).toMatchObject({ fault: undefined, bytes: size });
});

it('An upstream that does not read a large body slows the client down, and is a 504 in the end', async () => {
  const held = new Set<Socket>();
  const server = createServer((socket) => held.add(socket.pause()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const edge = keep(
    await startEdge(`http://127.0.0.1:${port}`, {
      maxBodyBytes: 1e9,
      upstream: { timeoutMs: 200 },
      bodyTimeoutMs: 100,
    }),
  );
  const client = openRaw(
    edge.port,
    'POST /a HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 100000000\r\n\r\n',
  );
  let sent = 0;
  const pour = (): void => {
    while (sent < 100_000_000 && client.socket.writable && client.socket.write(Buffer.alloc(65536)))
      sent += 65536;
  };
  client.socket.on('drain', pour);
  pour();
  expect(await edge.result(0)).toMatchObject({ reason: 'upstream_timeout' });
  expect(sent).toBeLessThan(60_000_000);
  client.destroy();
  held.forEach((socket) => socket.destroy());
  await new Promise((resolve) => server.close(resolve));
});

it('Closing waits for requests in progress; a later request is still served, and its pool closed', async () => {
  const held: Socket[] = [];
  const upstream = keep(await startRawUpstream(({ socket }) => held.push(socket)));
  const edge = keep(await startEdge(upstream.origin));
  const first = openRaw(edge.port, GET);
  await expect.poll(() => held.length).toBe(1);
  let closed = false;
  const closing = edge.pools.close().then(() => (closed = true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(closed).toBe(false);
  held[0]!.write(OK);
  await first.until(/ok$/);
  await closing;
  await expect.poll(() => upstream.open.size).toBe(0);
  const late = openRaw(edge.port, GET);
  await expect.poll(() => held.length).toBe(2);
  held[1]!.write(OK);
  await late.until(/ok$/);
  await expect.poll(() => upstream.open.size).toBe(0);
});

it('A request that undici refuses to write, or the gateway cannot build, is a 500 and logged, not a crash', async () => {
  const unwritable = { upstream: { headers: { set: [['X-Bad', 'a\nb']], claims: [], remove: [] } } } as const;
  const principal = new Proxy(ANONYMOUS, {
    get() {
      throw new Error('a bug');
    },
  });
  for (const options of [unwritable, { principal, upstream: { maxConnections: 1 } }]) {
    const edge = keep(await startEdge('http://127.0.0.1:1', options));
    for (let asked = 0; asked < 3; asked++)
      expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 500/);
    expect(edge.logged).toEqual(Array(3).fill('a request could not be sent'));
  }
});

it('A route to an unknown upstream is a refusal, not a crash', async () => {
  const edge = keep(await startEdge('http://127.0.0.1:1', { upstream: {} }));
  const stray = keep(await startEdge('http://127.0.0.1:1', { upstream: { name: 'stray' } }));
  const exchange = {
    admission: { route: { upstream: { name: 'stray' }, maxBodyBytes: 1 } },
    head: { contentLength: 0 },
  };
  expect(await edge.forwarder.forward(exchange as never)).toBeInstanceOf(Refusal);
  expect(stray.results).toHaveLength(0);
});
