import { expect, it } from 'vitest';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 2\r\n\r\nhi';
const HEAD = GET.replace('GET', 'HEAD');
const UPGRADE = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function edgeTo(
  script: (request: WireRequest) => void,
  maxConnections = 1,
): Promise<{ edge: Edge; upstream: RawUpstream }> {
  const upstream = keep(await startRawUpstream(script));
  return { upstream, edge: keep(await startEdge(upstream.origin, { upstream: { maxConnections } })) };
}

function closing(request: string): string {
  return request.replace('\r\n', '\r\nConnection: close\r\n');
}

const UNASKED: Readonly<Record<string, string>> = {
  'one 100': CONTINUE,
  several: CONTINUE.repeat(3),
  'one with fields of its own':
    'HTTP/1.1 100 Go On\r\nX-Odd: 1\r\nContent-Length: 7\r\nKeep-Alive: timeout=1\r\n\r\n',
  'one behind hints': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CONTINUE}`,
};

for (const [what, interim] of Object.entries(UNASKED)) {
  for (const request of [GET, POST, HEAD]) {
    const method = request.slice(0, request.indexOf(' '));
    it(`An upstream that sends ${what} unrequested: the final response of a ${method} arrives, and it is executed once`, async () => {
      const text =
        method === 'HEAD' ? OK.replace('200 OK', '200 OK\r\nConnection: keep-alive').slice(0, -2) : OK;
      const { edge, upstream } = await edgeTo(({ socket, whole }) => {
        socket.write(interim);
        void whole.then(() => socket.write(text));
      });
      for (let turn = 1; turn <= 3; turn += 1) {
        const response = await exchangeRaw(edge.port, closing(request));
        expect(response).toMatch(/HTTP\/1.1 200 OK\r\n/);
        expect(response).not.toMatch(/HTTP\/1.1 100|x-odd/i);
        expect(upstream.requests).toHaveLength(turn);
      }
      expect(upstream.received).toHaveLength(1);
    });
  }
}

it('A 100 that arrives byte by byte is dropped too, and so is one before a 101', async () => {
  const { edge } = await edgeTo(({ socket, head }) => {
    const final = /upgrade/i.test(head)
      ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello'
      : OK;
    socket.setNoDelay();
    Buffer.from(CONTINUE).forEach((byte, at) => setTimeout(() => socket.write(Buffer.of(byte)), at));
    setTimeout(() => socket.write(final), CONTINUE.length + 5);
  }, 2);
  expect(await exchangeRaw(edge.port, closing(POST))).toMatch(/^HTTP\/1.1 200 OK[^]*ok$/);
  expect(await openRaw(edge.port, UPGRADE).until(/hello$/)).toMatch(/^HTTP\/1.1 101 /);
});

it('A connection that is lost after a 100 is a 502 for a POST, which is sent once', async () => {
  const { edge, upstream } = await edgeTo(({ socket }) => socket.write(CONTINUE, () => socket.end()));
  expect(await exchangeRaw(edge.port, closing(POST))).toMatch(/^HTTP\/1.1 502 /);
  expect(upstream.requests).toHaveLength(1);
});

for (const trailer of [
  'Connection: close',
  'connection: X-Sum, Close',
  'X-Sum: 1\r\nConnection: keep-alive',
]) {
  it(`A trailer field ${JSON.stringify(trailer)} ends the connection to the upstream, and fails no request`, async () => {
    const { edge, upstream } = await edgeTo(({ socket }) =>
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailer}\r\n\r\n`),
    );
    const client = openRaw(edge.port);
    for (let turn = 1; turn <= 4; turn += 1) {
      client.send(POST);
      await client.until(new RegExp(`^(HTTP/1.1 200 [^]*?0\r\n(X-Sum: 1\r\n)?\r\n){${turn}}$`));
    }
    expect(upstream.received).toHaveLength(4);
    expect(client.text()).not.toMatch(/\r\n0\r\nconnection/i);
  });
}

it('Other trailers leave the connection to the upstream open', async () => {
  const { edge, upstream } = await edgeTo(({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'),
  );
  for (let turn = 0; turn < 3; turn += 1) await exchangeRaw(edge.port, closing(POST));
  expect(upstream.received).toHaveLength(1);
});
