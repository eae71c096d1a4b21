/** What the tests of outages under load share: three gates, and what must hold of each outage. */
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

/** Large enough that nobody is refused, and still counted. */
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
  /** An app that is counted where the outage is. */
  readonly app: string;
  /** Begins it; resolves when it has begun. */
  readonly begin: () => Promise<void> | void;
  /** Ends it; resolves as soon as Redis could count again. */
  readonly end: () => Promise<void> | void;
  /** Whether what was counted before is still there afterwards, or may be lost with a server. */
  readonly keeps: boolean;
}

/**
 * Drives three gates through an outage, and expects: no answer but 200 and 429; nobody waits longer than for the timeout;
 * N for each replica while it lasts, and N at Redis; all of them counting within a second of its end; nothing counted that was
 * answered without.
 *
 * @returns how many were answered without a count
 */
export async function expectUnhurt({ gates, tokenOf }: OutageFixture, { app, begin, end, keeps }: Outage) {
  const opened = startLoad(gates, '/open', tokenOf(app), CALLERS);
  // The first answers waited for keys and connections.
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
  // Each replica N by itself, and all together N again once a failover is done; never more, whenever that is.
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
  // The timeout, and more for a machine that is busy: without it a call would wait for seconds.
  expect(addedP99Ms).toBeLessThan(600);
  expectNotReplayed(responses, keeps);
  return { away: away.length };
}

/** What Redis holds in the end is what it was waited for, and nothing else. */
function expectNotReplayed(responses: readonly LoadResponse[], keeps: boolean): void {
  const counted = responses.flatMap(({ remaining }) => remaining ?? []);
  const held = OPEN_N - Math.min(...responses.slice(-100).flatMap(({ remaining }) => remaining ?? []));
  // Of calls whose answers came too late, each caller may have had one when it began and one when it ended.
  expect(held).toBeLessThanOrEqual(counted.length + 2 * REPLICAS * CALLERS);
  if (keeps) expect(held).toBeGreaterThanOrEqual(counted.length);
}

/** Until every gate has answered without a count twice for each caller: then nobody waits for Redis any more. */
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

/** Revokes an app at one gate. @returns after how long the last of the others refused it, in milliseconds */
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
