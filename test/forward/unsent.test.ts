import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Target, Upstream } from '../../src/model/upstream.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { targetAt } from '../support/route.js';
import { startRawUpstream, type RawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge } from './edge.js';
import { startFull } from './full-server.js';

const HEAD = 'POST /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n';
const POST = `${HEAD}Content-Length: 2\r\n\r\nhi`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function startGood(): Promise<RawUpstream> {
  return keep(await startRawUpstream(({ socket, whole }) => void whole.then(() => socket.write(OK))));
}

/** An origin where nobody listens. */
async function deadOrigin(): Promise<string> {
  const upstream = await startRawUpstream(() => undefined);
  await upstream.close();
  return upstream.origin;
}

async function edgeTo(origins: readonly string[], changes: Partial<Upstream> = {}): Promise<Edge> {
  const targets = origins.map(targetAt) as [Target, ...Target[]];
  return keep(await startEdge('http://127.0.0.1:1', { upstream: { targets, ...changes } }));
}

const BODIES: Readonly<Record<string, readonly [request: string, body: string]>> = {
  'a POST with a body': [POST, 'hi'],
  'a POST in chunks': [
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    '2\r\nhi\r\n0\r\n\r\n',
  ],
  'a POST without a body': [`${HEAD}Content-Length: 0\r\n\r\n`, ''],
  'a DELETE': [`${HEAD.replace('POST', 'DELETE')}\r\n`, ''],
  'a PUT': [POST.replace('POST', 'PUT'), 'hi'],
};

for (const [what, [request, body]] of Object.entries(BODIES)) {
  it(`Where a connection is refused, ${what} goes to another target, whole and once`, async () => {
    const good = await startGood();
    const edge = await edgeTo([await deadOrigin(), good.origin]);
    // Two, so that each target is the first of one.
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await exchangeRaw(edge.port, request)).toMatch(/^HTTP\/1.1 200 /);
      expect(good.requests).toHaveLength(turn);
      expect(good.requests.at(-1)?.body().replace(/^\r\n/, '')).toBe(body);
    }
  });
}

it('A POST that expects 100 gets it from the target that takes it, once', async () => {
  const good = await startGood();
  const edge = await edgeTo([await deadOrigin(), good.origin]);
  const client = openRaw(edge.port, `${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
  await client.until('100 Continue\r\n\r\n');
  client.send('hi');
  expect(await client.until(/ok$/)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
  expect(good.requests[0]?.body()).toBe('hi');
});

it('A POST goes to another target if no connection is established in time', async () => {
  const full = keep(await startFull());
  const good = await startGood();
  const edge = await edgeTo([full.origin, good.origin], { connectTimeoutMs: 100 });
  expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 200 /);
  expect(edge.results).toMatchObject([{ target: good.origin }]);
});

it('A POST goes to another target if the time for a response ends before there is a connection', async () => {
  const full = keep(await startFull());
  const good = await startGood();
  const edge = await edgeTo([full.origin, good.origin], { connectTimeoutMs: 3000, timeoutMs: 1000 });
  expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 200 /);
  expect(good.requests).toHaveLength(1);
});

it('A POST goes to another target if TLS fails', async () => {
  const good = await startGood();
  const edge = await edgeTo([`https://127.0.0.1:${good.port}`, good.origin]);
  expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 200 /);
});

it('With one target a refused POST is retried there, as often as the file says', async () => {
  const origin = await deadOrigin();
  const refused = await edgeTo([origin], { retries: 0 });
  expect(await exchangeRaw(refused.port, POST)).toMatch(/^HTTP\/1.1 502 /);
  const edge = await edgeTo([origin], { retries: 2 });
  expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 502 /);
});

it('A POST that may have been sent is not retried: the connection was lost, or the response is late', async () => {
  for (const script of [
    (socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy(),
    () => undefined,
  ]) {
    const bad = keep(await startRawUpstream(({ socket }) => void script(socket)));
    const good = await startGood();
    const edge = await edgeTo([bad.origin, good.origin], { timeoutMs: 100 });
    expect(await exchangeRaw(edge.port, POST)).toMatch(/^HTTP\/1.1 50[24] /);
    expect(good.requests).toHaveLength(0);
  }
});

it('With keep_alive below the timeout of the server, a POST never meets a closing connection', async () => {
  // As gunicorn, which closes after 2 s: each later request on a connection comes just as that is closed.
  const served = new Set<Socket>();
  const upstream = keep(
    await startRawUpstream(({ socket, whole }) => {
      if (served.has(socket)) socket.resetAndDestroy();
      served.add(socket);
      void whole.then(() => socket.write(OK));
    }),
  );
  for (const [keepAliveMs, statuses] of [
    [50, ['200', '200', '200']],
    [4000, ['200', '502', '200']],
  ] as const) {
    const { port } = await edgeTo([upstream.origin], { keepAliveMs });
    for (const status of statuses) {
      expect((await exchangeRaw(port, POST)).slice(9, 12)).toBe(status);
      await sleep(150);
    }
  }
});

it('An idle connection is kept for keep_alive, or less if the target announces it', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket }) =>
      socket.write(OK.replace('\r\n', '\r\nKeep-Alive: timeout=60\r\n')),
    ),
  );
  const edge = await edgeTo([upstream.origin], { keepAliveMs: 200 });
  await exchangeRaw(edge.port, POST);
  await exchangeRaw(edge.port, POST);
  expect(upstream.received).toHaveLength(1);
  await expect.poll(() => upstream.open.size, { timeout: 3000 }).toBe(0);
});
