/** Safe retries: through thousands of lost connections no POST is sent twice, though a GET is. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { pathOf, respondOk } from '../support/fixture.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';

/** Number of POSTs; `TOLLGATE_RESETS=10000` runs ten thousand. */
const POSTS = Number(process.env['TOLLGATE_RESETS'] ?? 1000);
const CALLERS = 32;

/**
 * How a connection is lost, in rotation: before, during and after a response, with the body complete or not.
 */
const LOSSES: ((asked: WireRequest) => unknown)[] = [
  ({ socket }) => socket.resetAndDestroy(),
  ({ socket, whole }) => whole.then(() => socket.resetAndDestroy()),
  ({ socket, whole }) => whole.then(() => socket.end()),
  ({ socket, whole }) => whole.then(() => setTimeout(() => socket.resetAndDestroy(), 2)),
  ({ socket, whole }) =>
    whole.then(() => socket.write('HTTP/1.1 200', () => setTimeout(() => socket.resetAndDestroy(), 2))),
  // Healthy, but closed just when the next request may be on its way.
  (asked) =>
    asked.whole.then(() => {
      respondOk(asked);
      setImmediate(() => asked.socket.resetAndDestroy());
    }),
  (asked) =>
    asked.whole.then(() => {
      respondOk(asked);
      setTimeout(() => asked.socket.end(), 1);
    }),
];

let losses = 0;
let upstreams: RawUpstream[];
let gate: TestGate;
const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

beforeAll(async () => {
  const lose = (asked: WireRequest): void => void LOSSES[losses++ % LOSSES.length]?.(asked);
  upstreams = await Promise.all([startRawUpstream(lose), startRawUpstream(lose)]);
  gate = await startGate({
    upstreams: {
      // The most retries that a file can configure.
      behind: {
        targets: upstreams.map(({ origin }) => origin),
        retries: 10,
        max_connections: 8,
        ejection: false,
      },
    },
    routes: [{ match: '* /{path*}', upstream: 'behind', public: true }],
  });
});

afterAll(async () => {
  agent.destroy();
  await gate.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

/**
 * @param body if absent, only its method keeps a POST from being retried
 *
 * @returns the status, or 0 where no complete response came
 */
function send(method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ port: gate.port, host: '127.0.0.1', path, method, agent }, (res) => {
      res.resume().once('close', () => resolve(res.complete ? (res.statusCode ?? 0) : 0));
    });
    if (body === undefined) asked.removeHeader('Content-Length');
    if (body === undefined) asked.removeHeader('Transfer-Encoding');
    asked.on('error', () => resolve(0)).end(body);
  });
}

it(`never sends one of ${POSTS} POSTs twice, and responds to each`, { timeout: 180_000 }, async () => {
  const statuses: number[] = [];
  let next = 0;
  const call = async (): Promise<void> => {
    for (let turn = next++; turn < POSTS; turn = next++) {
      statuses.push(await send('POST', `/post/${turn}`, turn % 2 === 0 ? 'once' : undefined));
      if (turn % 10 === 0) await send('GET', `/get/${turn}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));

  const paths = upstreams.flatMap(({ requests }) => requests.map(pathOf));
  const posts = paths.filter((path) => path.startsWith('/post/'));
  expect(posts).toHaveLength(new Set(posts).size);
  // Both cases occurred: most POSTs arrived, most of them failed, and GETs were retried.
  expect(posts.length).toBeGreaterThan(POSTS * 0.8);
  expect(losses).toBeGreaterThan(POSTS);
  const gets = paths.filter((path) => path.startsWith('/get/'));
  expect(gets.length).toBeGreaterThan(new Set(gets).size);

  expect(statuses).toHaveLength(POSTS);
  expect([...new Set(statuses)].sort()).toEqual([200, 502]);
  expect(gate.records.filter(({ head }) => head.method === 'POST')).toHaveLength(POSTS);
});
