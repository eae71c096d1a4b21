import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { ANONYMOUS } from '../../src/model/principal.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startRawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type EdgeOptions } from './edge.js';

const KEPT = 'GET /a HTTP/1.1\r\nHost: gate.test\r\n\r\n';
const UPGRADE = KEPT.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

function bug(): never {
  throw new Error('a bug');
}

/** A response of which one method throws, at its first call. */
function throwing(method: 'write' | 'addTrailers' | 'writeHead' | 'end') {
  return (_req: IncomingMessage, res: ServerResponse): void => {
    const real = res[method].bind(res) as (...args: unknown[]) => unknown;
    let calls = 0;
    Object.assign(res, { [method]: (...args: unknown[]) => (calls++ === 0 ? bug() : real(...args)) });
  };
}

interface Stage {
  readonly options: EdgeOptions;
  /** What the upstream sends, part by part. */
  readonly parts: readonly string[];
  readonly request?: string;
  /** Whether the head is sent by then. */
  readonly begun: boolean;
}

const hold = (): never => bug();

const STAGES: Readonly<Record<string, Stage>> = {
  'while the request is made': {
    options: { principal: new Proxy(ANONYMOUS, { get: bug }) },
    parts: [SIZED],
    begun: false,
  },
  'while an interim response is passed on': {
    options: { responseHeaders: new Proxy([], { get: bug }) },
    parts: ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
    begun: false,
  },
  'while the head is made': {
    options: { responseHeaders: new Proxy([], { get: bug }) },
    parts: [`${SIZED}abcd`],
    begun: false,
  },
  'while the head is written': {
    options: { before: throwing('writeHead') },
    parts: [`${SIZED}abcd`],
    begun: false,
  },
  'right behind the head': { options: { streamWatcher: { watch: hold } }, parts: [EVENTS], begun: true },
  'while the head goes out alone': { options: { before: throwing('write') }, parts: [SIZED], begun: true },
  'while a part of the body goes out': {
    options: { before: throwing('write') },
    parts: [`${SIZED}ab`],
    begun: true,
  },
  'with the trailers': {
    options: { before: throwing('addTrailers') },
    parts: [`${CHUNKED}4\r\nabcd\r\n0\r\nX-Sum: 7\r\n\r\n`],
    begun: true,
  },
  'at the end': { options: { before: throwing('end') }, parts: [`${SIZED}abcd`], begun: true },
  'while a tunnel is opened': {
    options: { streamWatcher: { watch: hold } },
    parts: [SWITCH],
    request: UPGRADE,
    begun: true,
  },
};

for (const [when, { options, parts, request = KEPT, begun }] of Object.entries(STAGES)) {
  const what = begun ? 'closes the connection' : 'is a 500';
  it(`An exception inside the gateway ${when} ${what}, and frees the slot`, async () => {
    const upstream = keep(
      await startRawUpstream(({ socket }) => {
        parts.forEach((part, index) => setTimeout(() => socket.write(part), index * 20));
      }),
    );
    const edge = keep(
      await startEdge(upstream.origin, { ...options, upstream: { maxConnections: 1, retries: 0 } }),
    );
    for (let turn = 1; turn <= 2; turn += 1) {
      const client = openRaw(edge.port, request);
      if (begun) await client.ended;
      else expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 500 /);
      client.destroy();
      await edge.result(turn - 1);
    }
    expect(edge.logged.length).toBeGreaterThanOrEqual(when === 'at the end' ? 0 : 2);
  });
}

it('The connection to the client stays open after such a 500', async () => {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.write(`${SIZED}abcd`)));
  let asked = 0;
  const edge = keep(
    await startEdge(upstream.origin, {
      before: (req, res) => {
        if (asked++ === 0) throwing('writeHead')(req, res);
      },
    }),
  );
  expect(
    await exchangeRaw(edge.port, KEPT + KEPT.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')),
  ).toMatch(/200 OK/);
});
