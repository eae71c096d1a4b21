/**
 * A distant Redis: a request waits for one round trip, and concurrent requests do not wait for each other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLoad, percentile, type LoadResponse } from '../support/load.js';
import { startLatencyProxy, type LatencyProxy } from '../support/latency-proxy.js';
import { startGate, type TestGate } from '../support/gate.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const ROUND_TRIP_MS = 50;

let issuer: TestIssuer;
let upstream: EchoUpstream;
let redis: OwnRedis;
let distant: LatencyProxy;
let gates: { near: TestGate; far: TestGate };

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  redis = await startRedis();
  distant = await startLatencyProxy(redis.port, ROUND_TRIP_MS);
  const open = (port: number) =>
    startGate({
      redis: { url: `redis://127.0.0.1:${port}`, timeout: '1s', on_failure: 'closed' },
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      upstreams: { echo: upstream.origin },
      routes: [{ match: 'GET /counted', upstream: 'echo', scope: 'a:read', limit: '1000000 per 1h' }],
    });
  gates = { near: await open(redis.port), far: await open(distant.port) };
});

afterAll(async () => {
  await Promise.all([gates.near.stop(), gates.far.stop()]);
  await Promise.all([issuer.close(), upstream.close(), distant.close(), redis.close()]);
});

/** Latencies once keys are fetched and connections are open, and the length of the measurement. */
async function measure(gate: TestGate, callers: number, ms: number) {
  const driving = startLoad([gate], '/counted', issuer.sign({ scope: 'a:*', sub: 'app' }), callers);
  await driving.untilCounted();
  await driving.untilCounted();
  const warm = driving.responses.length;
  const from = performance.now();
  await sleep(ms);
  const responses: LoadResponse[] = driving.responses.slice(warm);
  const tookMs = performance.now() - from;
  await driving.stop();
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  return { medianMs: percentile(responses, 0.5), aSecond: (responses.length / tookMs) * 1000 };
}

it('A request waits for one round trip, not two, and 64 callers are served concurrently', async () => {
  const near = await measure(gates.near, 1, 1000);
  const far = await measure(gates.far, 1, 1500);
  expect(far.medianMs - near.medianMs).toBeGreaterThan(ROUND_TRIP_MS * 0.8);
  expect(far.medianMs - near.medianMs).toBeLessThan(ROUND_TRIP_MS * 1.8);
  const crowd = await measure(gates.far, 64, 2000);
  // Outliers of a busy machine make the mean larger than the median.
  expect(crowd.aSecond).toBeGreaterThan(0.7 * (64 / crowd.medianMs) * 1000);
  expect(crowd.aSecond).toBeGreaterThan(4 * far.aSecond);
});
