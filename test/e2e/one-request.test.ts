/**
 * One request stays one request: mixed load over a few keep-alive connections, and an upstream that counts
 * what it receives.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRaw } from '../support/raw.js';
import { OPEN, pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { CHUNKED, SMUGGLED, WEBSOCKET, get, request } from '../support/wire-fixture.js';

const ROUNDS = 40;
const HIDDEN = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;

/**
 * What a client sends on one connection, in parts, each after the response text that it waits for; `*` is
 * replaced by a path.
 */
const CLIENTS: [what: string, ...parts: [bytes: string, answered: RegExp][]][] = [
  [
    'a DELETE in chunks that hide a request, and a GET',
    [request('DELETE *', [CHUNKED], HIDDEN) + get('*', 'Connection: close'), /(200 OK[^]*){2}ok$/],
  ],
  [
    'a body that is asked for',
    [
      request('PUT *', [`Content-Length: ${SMUGGLED.length}`, 'Expect: 100-continue']),
      /^HTTP\/1\.1 100 [^]*\r\n\r\n$/,
    ],
    [SMUGGLED, /200 OK[^]*ok$/],
    [get('*', 'Connection: close'), /(200 OK[^]*){2}ok$/],
  ],
  [
    'a body that is sent though it was not asked for yet',
    [request('PUT *', [CHUNKED, 'Expect: 100-continue', 'Connection: close'], HIDDEN), /200 OK[^]*ok$/],
  ],
  [
    'trailers that look like a request',
    [
      request('POST *', [CHUNKED, 'Trailer: X-T'], '2\r\nok\r\n0\r\nX-T: GET /smuggled HTTP/1.1\r\n\r\n') +
        get('*', 'Connection: close'),
      /(200 OK[^]*){2}ok$/,
    ],
  ],
  [
    'a WebSocket with a body, and a GET',
    [request('GET *', [...WEBSOCKET, CHUNKED], HIDDEN) + SMUGGLED, /^HTTP\/1\.1 400 [^]*\]\}$/],
  ],
  [
    'a WebSocket that is refused, and a GET',
    [get('*/no', ...WEBSOCKET) + SMUGGLED, /^HTTP\/1\.1 200 [^]*ok$/],
  ],
  [
    'a body that goes on behind an early answer',
    [request('POST */early', ['Content-Length: 50000'], 'body'), /^HTTP\/1\.1 200 [^]*ok$/],
    [SMUGGLED.repeat(20), /^HTTP\/1\.1 200 [^]*ok$/],
  ],
  [
    'chunks that break off into a request',
    [request('POST *', [CHUNKED], `2\r\nok\r\nzz\r\n${SMUGGLED}`), /^HTTP\/1\.1 400 [^]*\]\}$/],
  ],
  [
    'a length that is too short',
    [request('POST *', ['Content-Length: 2', 'Connection: close'], `ok${SMUGGLED}`), /200 OK[^]*ok$/],
  ],
];

let fixture: Fixture;
const asked: string[] = [];

beforeAll(async () => {
  fixture = await startScriptedFixture(
    OPEN,
    (each) => {
      if (pathOf(each).endsWith('/early')) respondOk(each);
      else void each.whole.then(() => respondOk(each));
    },
    { max_connections: 4, connect_timeout: '30s' },
  );
});

afterAll(() => fixture.close());

async function play(parts: [bytes: string, answered: RegExp][]): Promise<void> {
  const client = openRaw(fixture.gate.port);
  for (const [bytes, answered] of parts) {
    const named = bytes.replace(/(?<=^|\r\n)([A-Z]+ )\*(\S*)/g, (_, method: string, rest: string) => {
      asked.push(`/${asked.length}${rest}`);
      return `${method}${asked.at(-1)}`;
    });
    if (client.socket.writable) client.send(named);
    await client.until(answered);
  }
  client.destroy();
}

it('The upstream gets each admitted request once, and no hidden request', async () => {
  for (let round = 0; round < ROUNDS; round += 1)
    await Promise.all(CLIENTS.map(([, ...parts]) => play(parts)));
  await fixture.settle();
  const got = fixture.upstream.requests.map(pathOf);
  expect(got.filter((path) => !asked.includes(path))).toEqual([]);
  expect(got).toHaveLength(new Set(got).size);
  expect(got.length).toBeLessThanOrEqual(fixture.admitted());
  // All but the WebSockets with a body, and requests with broken chunks that were detected before forwarding.
  expect(got.length).toBeGreaterThanOrEqual(asked.length - 2 * ROUNDS);
  expect(got.length).toBeLessThanOrEqual(asked.length - ROUNDS);
  // Connections were reused, so that a forged request could have been sent on one.
  expect(fixture.upstream.received.length).toBeLessThan(got.length / 2);
  expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
});
