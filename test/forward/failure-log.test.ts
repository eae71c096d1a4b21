import { createServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { FailureLog } from '../../src/forward/failure-log.js';
import type { Log } from '../../src/model/log.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Target, Upstream } from '../../src/model/upstream.js';
import { createAuthority } from '../support/certificates.js';
import { exchangeRaw } from '../support/raw.js';
import { makeUpstream, NO_TLS, targetAt } from '../support/route.js';
import { startRawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const MESSAGE = 'a request failed at its target';
const EJECTION = { failures: 2, cooldownMs: 60_000, slowStartMs: 0 };

const authority = createAuthority();
const stranger = createAuthority('Somebody else');
afterAll(() => {
  authority.close();
  stranger.close();
});

/** @returns its port; the certificate is for localhost and 127.0.0.1 */
async function startTls(address: string): Promise<number> {
  const { cert, key } = authority.issue('localhost');
  const server = createServer({ cert, key }, (_req, res) => res.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  keep({
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return portOf(server);
}

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}

async function edgeTo(origins: readonly string[], changes: Partial<Upstream> = {}): Promise<Edge> {
  const targets = origins.map(targetAt) as [Target, ...Target[]];
  return keep(await startEdge('http://127.0.0.1:1', { upstream: { targets, retries: 0, ...changes } }));
}

function linesOf({ logged, loggedFields }: Edge): object[] {
  return loggedFields.filter((_, at) => logged[at] === MESSAGE);
}

it('A refused connection is logged with its upstream, target and error code', async () => {
  const origin = 'http://127.0.0.1:1';
  const edge = await edgeTo([origin]);
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 502 /);
  expect(linesOf(edge)).toEqual([
    {
      upstream: 'behind',
      target: origin,
      request_id: 'gate-id',
      reason: 'upstream_unreachable',
      detail: 'no connection',
      code: 'ECONNREFUSED',
      problem: 'connect ECONNREFUSED 127.0.0.1:1',
      failures: 1,
    },
  ]);
});

it('A TLS failure is logged with its reason: unknown authority, wrong name, or no TLS at all', async () => {
  const plain = createTcpServer((socket) =>
    socket
      .resume()
      .on('error', () => socket.destroy())
      .end('HTTP/1.1 400 No\r\n\r\n'),
  );
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  keep({ close: () => new Promise((resolve) => plain.close(() => resolve())) });
  const tls = (ca: string) => ({ tls: { ...NO_TLS, ca } });
  const cases: readonly (readonly [origin: string, ca: string, code: RegExp, problem: RegExp])[] = [
    [
      `https://localhost:${await startTls('127.0.0.1')}`,
      stranger.cert,
      /^UNABLE_TO_VERIFY|^SELF_SIGNED|^UNABLE_TO_GET/,
      /certificate/,
    ],
    [`https://127.0.0.2:${await startTls('127.0.0.2')}`, authority.cert, /ALTNAME/, /127\.0\.0\.2 is not in/],
    [`https://127.0.0.1:${portOf(plain)}`, authority.cert, /./, /wrong version number|packet length/],
  ];
  for (const [origin, ca, code, problem] of cases) {
    const edge = await edgeTo([origin], tls(ca));
    expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 502 /);
    const [line] = linesOf(edge);
    expect(line).toMatchObject({
      target: origin,
      code: expect.stringMatching(code) as string,
      problem: expect.stringMatching(problem) as string,
    });
  }
});

it('A broken response and a late one are logged too', async () => {
  const broken = keep(await startRawUpstream(({ socket }) => socket.write('garbage\r\n\r\n')));
  const late = keep(await startRawUpstream(() => undefined));
  const cases = [
    [
      broken.origin,
      { reason: 'upstream_broken', problem: expect.stringMatching(/HTTP\/1.1 protocol/) as string },
    ],
    [late.origin, { reason: 'upstream_timeout', code: 'UND_ERR_HEADERS_TIMEOUT' }],
  ] as const;
  for (const [origin, line] of cases) {
    const edge = await edgeTo([origin], { timeoutMs: origin === late.origin ? 60 : 5000 });
    await exchangeRaw(edge.port, GET);
    expect(linesOf(edge)).toMatchObject([{ target: origin, ...line }]);
  }
});

it('A failure with a successful retry, and a disconnected client, are not logged', async () => {
  const good = keep(await startRawUpstream(({ socket }) => socket.write('HTTP/1.1 204 No Content\r\n\r\n')));
  const edge = await edgeTo(['http://127.0.0.1:1', good.origin], { retries: 1 });
  for (let turn = 0; turn < 2; turn += 1) await exchangeRaw(edge.port, GET);
  expect(linesOf(edge)).toEqual([]);
});

it('Many failures are one line of each kind in ten seconds, with their number', () => {
  let nowMs = 0;
  const lines: object[] = [];
  const none = (): void => undefined;
  const log: Log = { debug: none, info: none, error: none, warn: (fields) => void lines.push(fields) };
  const failures = new FailureLog(makeUpstream(), targetAt('http://a.test'), () => nowMs, log);
  const refusal = new Refusal('upstream_unreachable');
  for (; nowMs < 25_000; nowMs += 10) {
    failures.report('id', refusal, 'ECONNREFUSED');
    if (nowMs === 5000) failures.report('id', refusal, 'CERT_HAS_EXPIRED', 'x'.repeat(5000));
  }
  expect(lines).toMatchObject([
    { code: 'ECONNREFUSED', failures: 1 },
    { code: 'CERT_HAS_EXPIRED', failures: 1, problem: 'x'.repeat(200) },
    { code: 'ECONNREFUSED', failures: 1000 },
    { code: 'ECONNREFUSED', failures: 1000 },
  ]);
});

it('The line for a failed target mentions other targets only if there are some', async () => {
  const cases = [
    [['http://127.0.0.1:1'], /^a target fails: .* no other$/],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2'], /^a target fails: requests go to the others$/],
  ] as const;
  for (const [origins, message] of cases) {
    const edge = await edgeTo(origins, { ejection: EJECTION });
    for (let turn = 0; turn < 4; turn += 1) await exchangeRaw(edge.port, GET);
    const said = edge.logged.filter((line) => line !== MESSAGE);
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) expect(line).toMatch(message);
  }
});
