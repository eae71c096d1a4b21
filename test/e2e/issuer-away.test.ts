/** An issuer that is unavailable, slow or sends invalid responses, while a gateway runs and at its starts. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GatewayConfig } from '../../src/config/config.js';
import { talk } from '../support/dialogue.js';
import { startGate, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type Answer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const LONG = { timeout: 12_000, interval: 20 };
/** Far less than the issuer timeout of five seconds. */
const AT_ONCE_MS = 2_500;

const SLOW_MS = 1_000;

let upstream: EchoUpstream;
let folder: string;
let gates: TestGate[];
let jti = 0;

beforeAll(async () => {
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
});

afterAll(() => upstream.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-issuer-away-'));
  gates = [];
});

afterEach(async () => {
  await Promise.all(gates.map((gate) => gate.stop()));
  await rm(folder, { recursive: true });
});

/** One route for each issuer, under its name. */
async function openGate(
  issuers: Readonly<Record<string, TestIssuer>>,
  config: Partial<GatewayConfig> = {},
): Promise<TestGate> {
  const named = Object.entries(issuers);
  const gate = await startGate({
    issuers: Object.fromEntries(
      named.map(([name, { iss, jwksUrl }]) => [
        name,
        { issuer: iss, jwks: jwksUrl, audience: AUDIENCE, grants: ['*'] },
      ]),
    ),
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /things', upstream: 'echo', scope: 'a:read' }],
    ...config,
  });
  gates.push(gate);
  return gate;
}

/** A token that is not in the gateway's cache. */
const tokenOf = (issuer: TestIssuer, key = issuer.key): string =>
  issuer.sign({ scope: 'a:read', jti: `token-${++jti}` }, {}, key);

async function show(gate: TestGate, token: string): Promise<Response> {
  const answer = await fetch(`${gate.url}/things`, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  return answer;
}

const statusOf = async (gate: TestGate, token: string): Promise<number> => (await show(gate, token)).status;

/** A 503 with Retry-After and no challenge: the failure is the issuer's. */
async function expectUnavailable(gate: TestGate, token: string): Promise<void> {
  const answer = await show(gate, token);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('www-authenticate')).toBeNull();
}

const untilKept = (): Promise<void> =>
  vi.waitFor(async () => expect(await readdir(folder)).toEqual([expect.stringMatching(/\.json$/)]), LONG);

describe('a gateway whose issuer is unavailable', () => {
  it('accepts cached tokens, and its fetches delay no request', async () => {
    const issuer = await createTestIssuer();
    const gate = await openGate({ issuer }, { jwks_max_age: '1s' });
    expect(await statusOf(gate, tokenOf(issuer))).toBe(200);
    issuer.hang();
    const { fetches } = issuer;
    await vi.waitFor(() => expect(issuer.fetches).toBeGreaterThan(fetches), LONG);
    const waits: number[] = [];
    for (let request = 0; request < 20; request++) {
      const begun = performance.now();
      expect(await statusOf(gate, tokenOf(issuer))).toBe(200);
      waits.push(performance.now() - begun);
    }
    expect(Math.max(...waits)).toBeLessThan(AT_ONCE_MS);
    await issuer.close();
    expect(await statusOf(gate, tokenOf(issuer))).toBe(200);
  });

  it('starts with the keys on disk, is ready, and loads new keys as soon as the issuer is available again', async () => {
    const issuer = await createTestIssuer();
    const first = await openGate({ issuer }, { jwks_cache: folder });
    expect(await statusOf(first, tokenOf(issuer))).toBe(200);
    await untilKept();
    await first.stop();
    await issuer.close();

    const second = await openGate({ issuer }, { jwks_cache: folder });
    expect((await fetch(`${second.adminUrl}/readyz`)).status).toBe(200);
    expect(await statusOf(second, tokenOf(issuer))).toBe(200);
    const returned = await createTestIssuer({ port: Number(new URL(issuer.iss).port) });
    // Only the new key is published: tokens of the old key are refused once the gateway has fetched it.
    await vi.waitFor(async () => expect(await statusOf(second, tokenOf(issuer))).toBe(401), LONG);
    expect(await statusOf(second, tokenOf(returned))).toBe(200);
    await second.stop();
    await returned.close();

    const third = await openGate({ issuer }, { jwks_cache: folder });
    expect(await statusOf(third, tokenOf(returned))).toBe(200);
    expect(await statusOf(third, tokenOf(issuer))).toBe(401);
  });

  it('ignores keys on disk that are older than jwks_max_stale, and responds with 503', async () => {
    const issuer = await createTestIssuer();
    const config = { jwks_cache: folder, jwks_max_age: '1s', jwks_max_stale: '1s' };
    const first = await openGate({ issuer }, config);
    expect(await statusOf(first, tokenOf(issuer))).toBe(200);
    await untilKept();
    await issuer.close();
    await vi.waitFor(() => expectUnavailable(first, tokenOf(issuer)), LONG);
    await first.stop();

    const second = await openGate({ issuer }, config);
    await expectUnavailable(second, tokenOf(issuer));
    // A gateway with a longer jwks_max_stale accepts them.
    const patient = await openGate({ issuer }, { jwks_cache: folder, jwks_max_stale: '1h' });
    expect(await statusOf(patient, tokenOf(issuer))).toBe(200);
  });
});

describe('ten thousand unknown kids', () => {
  it('cause one fetch from a slow issuer, while valid tokens are accepted', async () => {
    const issuer = await createTestIssuer();
    const gate = await openGate({ issuer });
    const good = tokenOf(issuer);
    expect(await statusOf(gate, good)).toBe(200);
    const { fetches } = issuer;
    issuer.breakWith(
      (_, response) => void setTimeout(() => response.end(JSON.stringify(issuer.jwks)), SLOW_MS),
    );

    const [, payload = '', signature = ''] = good.split('.');
    const flood = Array.from({ length: 20 }, (_, connection) => {
      const requests = Array.from({ length: 500 }, (__, n) => {
        const header = Buffer.from(`{"alg":"RS256","kid":"${connection}-${n}"}`).toString('base64url');
        return `GET /things HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${header}.${payload}.${signature}\r\n\r\n`;
      });
      return talk(gate.port, requests.join(''), { responses: 500, timeoutMs: 30_000 });
    });
    await vi.waitFor(() => expect(issuer.fetches).toBe(fetches + 1), LONG);
    expect(await statusOf(gate, good)).toBe(200);
    expect(await statusOf(gate, tokenOf(issuer))).toBe(200);
    const statuses = (await Promise.all(flood)).flatMap(({ responses }) =>
      responses.map(({ status }) => status),
    );
    expect(statuses).toHaveLength(10_000);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(issuer.fetches).toBe(fetches + 1);
    await issuer.close();
  });
});

describe('an issuer that responds', () => {
  const CHUNK = Buffer.alloc(64 * 1024, ' ');
  let written = 0;
  let cut = 0;
  const html = '<html><body>Sorry</body></html>';

  function endless(response: ServerResponse): void {
    response.on('close', () => cut++);
    const go = (): void => {
      while (!response.destroyed) {
        written += CHUNK.length;
        if (!response.write(CHUNK)) return void response.once('drain', go);
      }
    };
    go();
  }

  function trickling(response: ServerResponse): void {
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => {
      cut++;
      clearInterval(timer);
    });
  }

  const FAULTS: Readonly<Record<string, Answer>> = {
    never: () => undefined,
    silent: (_, response) => {
      response.writeHead(200).flushHeaders();
    },
    trickling: (_, response) => trickling(response),
    endless: (_, response) => endless(response),
    redirecting: (_, response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
    html: (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(html),
    null: (_, response) => void response.end('null'),
    broken: (_, response) => void response.end('{"keys":[{"kty":"RSA"'),
    half: (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":[', () => response.destroy());
    },
    without: (_, response) => void response.end('{}'),
    nonsense: (_, response) => {
      response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n');
    },
  };

  it('with anything but keys is abandoned in time, its last good keys stay in use, and a cold start responds with 503', async () => {
    const issuers = Object.fromEntries(
      await Promise.all(Object.keys(FAULTS).map(async (fault) => [fault, await createTestIssuer()] as const)),
    );
    const all = Object.entries(issuers);
    const seen = await openGate(issuers, { jwks_max_age: '1s' });
    for (const [, issuer] of all) expect(await statusOf(seen, tokenOf(issuer))).toBe(200);
    const before = new Map(all.map(([fault, { fetches }]) => [fault, fetches]));
    for (const [fault, issuer] of all) issuer.breakWith(FAULTS[fault] ?? 500);
    await vi.waitFor(() => {
      for (const [fault, { fetches }] of all)
        expect([fault, fetches > (before.get(fault) ?? 0)]).toEqual([fault, true]);
    }, LONG);
    for (const [fault, issuer] of all)
      expect([fault, await statusOf(seen, tokenOf(issuer))]).toEqual([fault, 200]);

    const cold = await openGate(issuers);
    const begun = performance.now();
    await Promise.all(all.map(([, issuer]) => expectUnavailable(cold, tokenOf(issuer))));
    expect(performance.now() - begun).toBeLessThan(10_000);
    // An endless response is cut off at both gateways; the system's buffers are far larger than what a
    // gateway reads.
    await vi.waitFor(() => expect(cut).toBeGreaterThanOrEqual(2 * 2), LONG);
    expect(written / cut).toBeLessThan(16 * 1024 * 1024);

    for (const [, issuer] of all) issuer.heal();
    await vi.waitFor(async () => {
      for (const [fault, issuer] of all)
        expect([fault, await statusOf(cold, tokenOf(issuer))]).toEqual([fault, 200]);
    }, LONG);
    await Promise.all(all.map(([, issuer]) => issuer.close()));
  }, 40_000);
});
