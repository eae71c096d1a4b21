/** Limits: three replicas with one Redis together admit what one limit allows, in any interval. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { monitorRedis } from '../support/redis-monitor.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

/** How long the load runs. A whole minute: `TOLLGATE_REPLICAS_SECONDS=60`. */
const LOAD_MS = Number(process.env['TOLLGATE_REPLICAS_SECONDS'] ?? 12) * 1000;
const REPLICAS = 3;

let issuer: TestIssuer;
let upstream: EchoUpstream;
let arrivals: number[];
let prefix: string;
let gates: TestGate[];

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => {
    arrivals.push(performance.now());
    res.end('ok');
  });
});

afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close()]);
});

beforeEach(async () => {
  arrivals = [];
  prefix = randomPrefix();
  gates = await startGates();
});

afterEach(async () => {
  await Promise.all(gates.map((gate) => gate.stop()));
  await removeKeys(prefix);
});

async function startGates(): Promise<TestGate[]> {
  const started = await Promise.all(
    Array.from({ length: REPLICAS }, () =>
      startGate({
        redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s', on_failure: 'closed' },
        // It writes the traffic to Redis.
        console: false,
        issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
        upstreams: { echo: upstream.origin },
        routes: [
          { match: 'GET /minute', upstream: 'echo', scope: 'a:read', limit: '10 per 1m' },
          { match: 'GET /seconds', upstream: 'echo', scope: 'a:read', limit: '10 per 3s' },
          { match: 'GET /short', upstream: 'echo', scope: 'a:read', limit: '2 per 1s' },
          { match: 'GET /probe', upstream: 'echo', scope: 'a:read', limit: '1000000 per 1s' },
        ],
      }),
    ),
  );
  // Until its Redis is connected, a gateway whose policy is `closed` responds with 503.
  const token = issuer.sign({ scope: 'a:*', sub: 'probe' });
  for (const gate of started) while ((await get(gate, '/probe', token)).status === 503) await sleep(10);
  arrivals = [];
  return started;
}

function get(gate: TestGate, path: string, token: string): Promise<Response> {
  return fetch(gate.url + path, { headers: { authorization: `Bearer ${token}` } });
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.arrayBuffer();
  return response.status;
}

function tokenOf(app: string): string {
  return issuer.sign({ scope: 'a:*', sub: app });
}

/** The smallest interval that contains N + 1 of the times. */
function narrowest(moments: readonly number[], n: number): number {
  return Math.min(...moments.slice(n).map((moment, i) => moment - moments[i]!));
}

describe('three replicas that share a Redis', () => {
  it('admit exactly 10 of 500 concurrent requests', async () => {
    const token = tokenOf('stormer');
    const statuses = await Promise.all(
      Array.from({ length: 500 }, (_, i) => statusOf(get(gates[i % REPLICAS]!, '/minute', token))),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(490);
    expect(arrivals).toHaveLength(10);
  });

  it('count each app separately, and keep the counts when all of them restart', async () => {
    const [one, other] = [tokenOf('one'), tokenOf('other')];
    for (let i = 0; i < 10; i++) {
      expect(await statusOf(get(gates[i % REPLICAS]!, '/minute', one))).toBe(200);
    }
    expect(await statusOf(get(gates[0]!, '/minute', one))).toBe(429);
    expect(await statusOf(get(gates[0]!, '/minute', other))).toBe(200);
    await Promise.all(gates.map((gate) => gate.stop()));
    gates = await startGates();
    expect(await statusOf(get(gates[1]!, '/minute', one))).toBe(429);
    const answer = await get(gates[2]!, '/minute', other);
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('8');
  });

  it('admit the next request of a caller who waits as long as Retry-After says, also at another replica', async () => {
    const token = tokenOf('patient');
    for (let round = 0; round < 3; round++) {
      const here = gates[round % REPLICAS]!;
      let answer = await get(here, '/short', token);
      while (answer.status === 200) answer = await get(here, '/short', token);
      expect(answer.status).toBe(429);
      await sleep(Number(answer.headers.get('retry-after')) * 1000);
      expect(await statusOf(get(gates[(round + 1) % REPLICAS]!, '/short', token))).toBe(200);
    }
  });

  it(
    'never admit 11 requests in any 3 seconds, by the times at which Redis counted',
    { timeout: LOAD_MS + 30_000 },
    async () => {
      const monitor = await monitorRedis(redisUrl(), prefix);
      const token = tokenOf('driver');
      const responses: Promise<number>[] = [];
      const end = performance.now() + LOAD_MS;
      while (performance.now() < end) {
        // Bursts and pauses, so that windows begin and end everywhere.
        const burst = Math.random() < 0.1 ? 1 + Math.floor(Math.random() * 15) : 1;
        for (let i = 0; i < burst; i++) {
          responses.push(statusOf(get(gates[Math.floor(Math.random() * REPLICAS)]!, '/seconds', token)));
        }
        await sleep(Math.random() < 0.05 ? Math.random() * 800 : Math.random() * 60);
      }
      const statuses = await Promise.all(responses);
      monitor.close();

      const counted = monitor.writes.map(({ value }) => {
        // The exact form: a marker, then the time of each counted request, newest last.
        expect(value[0]).toBe(1);
        return value.readUIntBE(value.length - 6, 6);
      });
      const admitted = statuses.filter((status) => status === 200).length;
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
      expect(counted).toHaveLength(admitted);
      expect(arrivals).toHaveLength(admitted);
      expect(narrowest(counted, 10)).toBeGreaterThanOrEqual(3000);
      // Delivery jitters; the tolerance is a tenth of a second.
      expect(narrowest(arrivals, 10)).toBeGreaterThan(2900);
      // The load exceeded the limit, and the limit did not refuse more than necessary.
      expect(admitted).toBeGreaterThan((LOAD_MS / 3000) * 10 * 0.7);
      expect(statuses.length).toBeGreaterThan(admitted * 2);
    },
  );
});
