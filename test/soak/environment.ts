/**
 * The environment of the soak: gateways as processes, a Redis of their own, an issuer, and an upstream with
 * several targets.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type OwnRedis } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { watchCounts, type CountWatch } from './counts.js';
import { startSoakGate, type SoakGate } from './gates.js';
import { startTarget, type Target } from './target.js';

export const WINDOW_MS = 4000;
export const LIMIT = 10;
const KEY_PREFIX = 'soak:';
/** Longer than any response may take, and short enough to end within a run. */
const UPSTREAM_TIMEOUT_MS = 2000;
/** A busy machine alone must not look like an outage. */
const REDIS_TIMEOUT_MS = 1000;
const TARGETS = 3;

export interface Environment {
  readonly gates: readonly SoakGate[];
  readonly targets: readonly Target[];
  readonly redis: OwnRedis;
  readonly issuer: TestIssuer;
  /** What Redis has counted, by its own clock. */
  readonly counts: CountWatch;
  close(): Promise<void>;
}

/** @param processes the number of workers of each gateway */
export async function startEnvironment(
  now: () => number,
  processes: readonly number[],
): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-soak-'));
  const [redis, issuer, targets] = await Promise.all([
    startRedis(),
    createTestIssuer({ alg: 'ES256' }),
    Promise.all(Array.from({ length: TARGETS }, () => startTarget(now))),
  ]);
  const counts = watchCounts(redis.url, KEY_PREFIX);
  const config = configFor(redis, issuer, targets);
  const gates = await Promise.all(
    processes.map((workers, i) => startSoakGate(folder, `gate-${i}`, workers, config)),
  );
  return {
    gates,
    targets,
    redis,
    issuer,
    counts,
    async close() {
      counts.close();
      await Promise.all(gates.map((gate) => gate.stop('SIGKILL')));
      await Promise.all([redis.close(), issuer.close(), ...targets.map((target) => target.close())]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFor(redis: OwnRedis, issuer: TestIssuer, targets: readonly Target[]): object {
  const route = (match: string, more: object = {}): object => ({
    ...{ match, upstream: 'service', scope: 'soak:use', limit: 'none' },
    ...more,
  });
  const limited = (policy: string): object =>
    route(`GET /${policy}`, { limit: `${LIMIT} per ${WINDOW_MS / 1000}s`, on_failure: policy });
  return {
    redis: { url: redis.url, key_prefix: KEY_PREFIX, timeout: `${REDIS_TIMEOUT_MS}ms` },
    issuers: {
      main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, algorithms: ['ES256'] },
    },
    jwks_max_age: '4s',
    upstreams: {
      service: {
        targets: targets.map(({ origin }) => origin),
        timeout: `${UPSTREAM_TIMEOUT_MS}ms`,
        idle_timeout: '3s',
        tunnel_idle: '5s',
        health: { path: '/healthz', interval: '500ms', timeout: '500ms' },
        ejection: { failures: 3, cooldown: '1s', slow_start: '1s' },
      },
    },
    client: { header_timeout: '3s', body_timeout: '3s', keep_alive: '10s' },
    drain_timeout: '3s',
    routes: [
      limited('local'),
      limited('open'),
      limited('closed'),
      route('GET /free'),
      route('POST /upload', { max_body: '1mb' }),
      route('GET /download'),
      route('GET /events'),
      route('GET /socket'),
      route('GET /admin', { scope: 'soak:admin' }),
    ],
  };
}
