/** Shared by the tests of outages under load: three gateways, and what every outage must satisfy. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { GatewayConfig } from '../../src/config/config.js';
import { startLoad, percentile, type LoadResponse } from '../support/load.js';
import { startGate, type TestGate } from '../support/gate.js';
import { administer, get } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream } from '../support/upstream.js';

const REPLICAS = 3;
const CALLERS = 4;

/** Large enough that no request is refused, and still counted. */
const OPEN_N = 1_000_000;
const LOCAL_N = 20;

export interface OutageFixture {
  readonly issuer: TestIssuer;
  readonly gates: readonly TestGate[];
  readonly tokenOf: (app: string) => string;
  close(): Promise<void>;
}

export async function startOutageFixture(redis: GatewayConfig['redis']): Promise<OutageFixture> {
  const issuer = await createTestIssuer();
  const upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  const route = { upstream: 'echo', scope: 'a:read' };
  const gates = await Promise.all(
    Array.from({ length: REPLICAS }, () =>
      startGate({
        redis,
        issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
        upstreams: { echo: upstream.origin },
        routes: [
          { ...route, match: 'GET /open', limit: `${OPEN_N} per 1h`, on_failure: 'open' },
          { ...route, match: 'GET /local', limit: `${LOCAL_N} per 10m` },
        ],
      }),
    ),
  );
  return {
    issuer,
    gates,
    tokenOf: (app) => issuer.sign({ scope: 'a:*', sub: app }),
    async close() {
      await Promise.all(gates.map((gate) => gate.stop()));
      await Promise.all([issuer.close(), upstream.close()]);
    },
  };
}

export interface Outage {
  /** An app whose count is on the server that fails. */
  readonly app: string;
  /** Begins it; resolves when it has begun. */
  readonly begin: () => Promise<void> | void;
  /** Ends it; resolves as soon as Redis could count again. */
  readonly end: () => Promise<void> | void;
  /** Whether earlier counts survive the outage, or may be lost with a server. */
  readonly keeps: boolean;
}

/**
 * Sends load to three gateways through an outage, and expects: no response but 200 and 429; no wait longer
 * than the timeout; N for each replica while it lasts, and N in Redis; all gateways counting within a second
 * of its end; no count for a request that was decided without Redis. @returns how many requests were decided
 * without a count
 */
export async function expectUnhurt({ gates, tokenOf }: OutageFixture, { app, begin, end, keeps }: Outage) {
  const opened = startLoad(gates, '/open', tokenOf(app), CALLERS);
  // The first responses waited for keys and connections.
  await opened.untilCounted();
  const warm = opened.responses.length;
  await opened.untilCounted();
  const calm = opened.responses.slice(warm);
  await begin();
  const fromMs = performance.now();

  await untilKnown(opened.responses, fromMs);
  const during = opened.responses.slice(warm + calm.length);
  const admitted: number[] = [];
  for (const gate of gates) admitted.push(await countAdmitted(gate, tokenOf(app)));
  // Each replica admits N by itself, and all together N again once a failover is done; never more at any
  // time.
  const together = admitted.reduce((sum, one) => sum + one, 0);
  expect(together).toBeLessThanOrEqual((REPLICAS + 1) * LOCAL_N);
  expect(together).toBeGreaterThanOrEqual(LOCAL_N);

  await end();
  const backMs = await opened.untilCounted();
  await opened.stop();
  const { responses } = opened;
  expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
  const away = responses.filter(({ endedMs, remaining }) => endedMs > fromMs && remaining === undefined);
  expect(away.length).toBeGreaterThan(0);
  expect(backMs).toBeLessThan(1000);
  const addedP99Ms = percentile(during, 0.99) - percentile(calm, 0.99);
  // The timeout plus tolerance for a busy machine; without the timeout a call would wait for seconds.
  expect(addedP99Ms).toBeLessThan(600);
  expectNotReplayed(responses, keeps);
  return { away: away.length };
}

/** In the end Redis holds exactly the counts of requests that waited for it. */
function expectNotReplayed(responses: readonly LoadResponse[], keeps: boolean): void {
  const counted = responses.flatMap(({ remaining }) => remaining ?? []);
  const held = OPEN_N - Math.min(...responses.slice(-100).flatMap(({ remaining }) => remaining ?? []));
  // Late calls: each caller may have had one when the outage began and one when it ended.
  expect(held).toBeLessThanOrEqual(counted.length + 2 * REPLICAS * CALLERS);
  if (keeps) expect(held).toBeGreaterThanOrEqual(counted.length);
}

/**
 * Waits until every gateway has responded to each caller twice without a count: then no request waits for
 * Redis.
 */
async function untilKnown(responses: readonly LoadResponse[], fromMs: number): Promise<void> {
  const without = (gate: number): number =>
    responses.filter((one) => one.gate === gate && one.endedMs > fromMs && one.remaining === undefined)
      .length;
  while (Array.from({ length: REPLICAS }, (_, gate) => without(gate)).some((count) => count < 2 * CALLERS))
    await sleep(5);
}

async function countAdmitted(gate: TestGate, token: string): Promise<number> {
  const crowd = Array.from({ length: LOCAL_N + 10 }, async () => (await get(gate, '/local', token)).status);
  const statuses = await Promise.all(crowd);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  return statuses.filter((status) => status === 200).length;
}

/**
 * Revokes an app at one gateway. @returns the time until the last of the others refused it, in milliseconds
 */
export async function revokeEverywhere({ gates, tokenOf }: OutageFixture, app: string): Promise<number> {
  const [first, ...others] = gates;
  if (!first) throw new TypeError('there are no gates');
  for (const gate of gates) expect((await get(gate, '/open', tokenOf(app))).status).toBe(200);
  const { status } = await administer(first, 'POST', '/api/revocations', { app, issuer: 'main' });
  expect(status).toBe(201);
  const from = performance.now();
  for (const gate of others)
    await expect
      .poll(async () => (await get(gate, '/open', tokenOf(app))).status, { interval: 5, timeout: 3000 })
      .toBe(401);
  return performance.now() - from;
}
