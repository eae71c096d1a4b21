/**
 * Overload at the limit: every request gets a response, no more than the limit are in flight, and the load
 * leaves nothing behind.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flood, quantile, type Reply } from '../support/flood.js';
import { startGate, type TestGate } from '../support/gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { get } from '../support/wire-fixture.js';

const MAX_IN_FLIGHT = 50;
const REQUESTS = 20_000;
const SLOW_MS = 20;
/** Clients, gateway and upstream run in one process, and delay each other. */
const WAITING_MS = 1000;
const MEMORY_BYTES = 64 * 1024 * 1024;

let upstream: EchoUpstream;
let gate: TestGate;
let atOnce = 0;
let mostAtOnce = 0;

beforeAll(async () => {
  upstream = await startEchoUpstream((_req, res) => {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    setTimeout(() => {
      atOnce -= 1;
      res.end('ok');
    }, SLOW_MS);
  });
  gate = await startGate({
    max_in_flight: MAX_IN_FLIGHT,
    upstreams: { slow: upstream.origin },
    routes: [{ match: 'GET /slow', upstream: 'slow', public: true, limit: 'none' }],
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

const calm = (): Promise<Reply[]> =>
  flood(gate.port, { connections: MAX_IN_FLIGHT, requests: 20 * MAX_IN_FLIGHT, bytes: get('/slow') });
const accepted = (replies: readonly Reply[]): Reply[] => replies.filter(({ status }) => status === 200);

it(
  'All requests of an overload beyond max_in_flight get a response and leave nothing behind',
  { timeout: 120_000 },
  async () => {
    const before = await calm();
    expect(accepted(before)).toHaveLength(before.length);
    gate.records.length = 0;
    const memory = watchMemory();

    const storm = await flood(gate.port, { connections: 400, requests: REQUESTS, bytes: get('/slow') });

    expect(memory()).toBeLessThan(MEMORY_BYTES);
    expect(storm).toHaveLength(REQUESTS);
    expect(gate.records).toHaveLength(REQUESTS);
    const through = accepted(storm);
    expect(storm.filter(({ status }) => status === 503)).toHaveLength(REQUESTS - through.length);
    expect(gate.records.filter(({ reason }) => reason === 'overloaded')).toHaveLength(
      REQUESTS - through.length,
    );
    expect(through.length).toBeGreaterThan(MAX_IN_FLIGHT);
    expect(through.length).toBeLessThan(REQUESTS);
    expect(mostAtOnce).toBe(MAX_IN_FLIGHT);
    // Admitted requests are served normally.
    expect(quantile(through, 0.5)).toBeLessThan(quantile(before, 0.5) + WAITING_MS);

    const after = await calm();
    expect(accepted(after)).toHaveLength(after.length);
    expect(quantile(after, 0.5)).toBeLessThan(2 * quantile(before, 0.5) + WAITING_MS);
  },
);

/** Limit for heap growth from here; it includes the replies and records that this test keeps. */
function watchMemory(): () => number {
  const size = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const start = size();
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, size() - start)), 50);
  return () => {
    clearInterval(timer);
    return most;
  };
}
