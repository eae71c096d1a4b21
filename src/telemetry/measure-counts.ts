/** Counts what the parts of a gateway report (`src/model/measures.ts`), for `metrics.ts`. */
import type { Issuer } from '../model/issuer.js';
import type { LimitCheckResult, Measures } from '../model/measures.js';
import type { Settings } from '../model/settings.js';
import type { TokenServiceSettings } from '../model/tokens.js';
import { BucketCounts, REDIS_BOUNDS } from './bucket-counts.js';
import { labelText } from './metric-family.js';
import type { MetricSet, Write } from './metric-set.js';

const LIMIT_CHECKS = {
  name: 'tollgate_limit_checks_total',
  help: 'Checks of the limits of a request, by result.',
};
const FALLBACKS = {
  name: 'tollgate_redis_fallbacks_total',
  help: 'Checks of limits that Redis could not decide, so that on_failure did.',
};
const REDIS_DURATION = {
  name: 'tollgate_redis_duration_seconds',
  help: 'Calls to Redis, also those that failed.',
};
const FETCHES = {
  name: 'tollgate_jwks_fetches_total',
  help: 'Readings of the keys of an issuer, by result.',
};
const HITS = { name: 'tollgate_token_cache_hits_total', help: 'Requests whose token was verified before.' };
const MISSES = {
  name: 'tollgate_token_cache_misses_total',
  help: 'Requests whose token was not verified before, or no longer.',
};
const FAILED_ATTEMPTS = {
  name: 'tollgate_failed_attempts_total',
  help: 'Wrong credentials at the token service, by endpoint.',
};

interface Readings {
  ok: number;
  failed: number;
}

/** The counts behind `Measures`. */
export class MeasureCounts {
  readonly #limitChecks: Record<LimitCheckResult, number> = {
    admitted: 0,
    refused: 0,
    uncounted: 0,
    unavailable: 0,
  };
  #fallbacks = 0;
  readonly #redisCalls = new BucketCounts(REDIS_BOUNDS);
  /** By issuer. Also of issuers that are not in force yet: a reload reads their keys first. */
  readonly #readings = new Map<string, Readings>();
  #readIssuers: readonly string[] = [];
  #hits = 0;
  #misses = 0;
  readonly #failedAttempts = new Map<string, number>();
  #hasRedis = false;

  /** What the parts of the gateway call. */
  readonly measures: Measures = {
    limitCheck: (result) => void (this.#limitChecks[result] += 1),
    redisFallback: () => void (this.#fallbacks += 1),
    redisCall: (ms) => this.#redisCalls.add(ms),
    keysRead: (issuer, result) => void (this.#readingsOf(issuer)[result] += 1),
    tokenCache: (isHit) => {
      if (isHit) this.#hits += 1;
      else this.#misses += 1;
    },
    failedAttempt: (endpoint) =>
      void this.#failedAttempts.set(endpoint, (this.#failedAttempts.get(endpoint) ?? 0) + 1),
  };

  /** Begins with 0 what can be counted now, and drops the counts of issuers that are gone. */
  applySettings({ issuers, tokens, redis }: Pick<Settings, 'issuers' | 'tokens' | 'redis'>): void {
    this.#hasRedis = redis !== undefined;
    this.#readIssuers = issuers.filter(readsKeys).map(({ name }) => name);
    for (const name of this.#readings.keys())
      if (!this.#readIssuers.includes(name)) this.#readings.delete(name);
    for (const endpoint of tokens ? checkingEndpoints(tokens) : [])
      if (!this.#failedAttempts.has(endpoint)) this.#failedAttempts.set(endpoint, 0);
  }

  addTo(metrics: MetricSet): void {
    metrics.add('counter', LIMIT_CHECKS, (write) => {
      for (const [result, count] of Object.entries(this.#limitChecks)) write(`result="${result}"`, count);
    });
    metrics.add('counter', FALLBACKS, (write) => {
      if (this.#hasRedis) write('', this.#fallbacks);
    });
    metrics.addHistogram(REDIS_DURATION, (write) => {
      if (this.#hasRedis) write('', this.#redisCalls);
    });
    metrics.add('counter', FETCHES, (write) => this.#writeReadings(write));
    metrics.add('counter', HITS, (write) => write('', this.#hits));
    metrics.add('counter', MISSES, (write) => write('', this.#misses));
    metrics.add('counter', FAILED_ATTEMPTS, (write) => {
      for (const [endpoint, count] of this.#failedAttempts) write(labelText('endpoint', endpoint), count);
    });
  }

  #writeReadings(write: Write): void {
    for (const issuer of this.#readIssuers) {
      const { ok, failed } = this.#readingsOf(issuer);
      write(`${labelText('issuer', issuer)},result="success"`, ok);
      write(`${labelText('issuer', issuer)},result="failure"`, failed);
    }
  }

  #readingsOf(issuer: string): Readings {
    let readings = this.#readings.get(issuer);
    if (readings === undefined) this.#readings.set(issuer, (readings = { ok: 0, failed: 0 }));
    return readings;
  }
}

/** Whether the keys of an issuer are read again and again: from a URL, by discovery or from a file. */
export function readsKeys({ keys: { kind } }: Pick<Issuer, 'keys'>): boolean {
  return kind === 'url' || kind === 'discovery' || kind === 'file' || kind === 'public_key_file';
}

/** The endpoints that check credentials. */
function checkingEndpoints({ endpoints }: TokenServiceSettings): readonly string[] {
  const { keySecret, clientCredentials, password, named } = endpoints;
  const names = ['revoke', 'introspect'];
  if (keySecret) names.push('key_secret');
  if (clientCredentials) names.push('client_credentials');
  if (password) names.push('password');
  if (named) names.push('named');
  return names;
}
