/**
 * Failed attempts: after so many wrong credentials within a window the door is closed for a while, for right ones too.
 *
 * An attempt is counted before its credentials are looked at, and given back when they were right: so guesses made at
 * once, by any number of gates that share a Redis, are never more than the limit. The pair of client id and address
 * is counted, so that a stranger cannot lock an app out of its own address, and ten times as much the address alone,
 * so that going through ids does not help.
 */
import { createHash } from 'node:crypto';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Log } from '../model/log.js';
import type { FailedAttemptsSettings } from '../model/tokens.js';
import { MemoryCounts } from './failed-attempts/memory-counts.js';
import { createRedisCounts, type RedisScripts } from './failed-attempts/redis-counts.js';
import { createKeyedSemaphore } from './failed-attempts/keyed-semaphore.js';

export interface Attempt {
  readonly endpoint: string;
  /** The client id or user name; undefined where the endpoint has none, so that the address alone counts. */
  readonly id: string | undefined;
  readonly address: string;
}

/** Too many have failed: the answer, right or wrong, is to come back later. */
export class Throttled {
  constructor(readonly retryAfterS: number) {}
}

export interface FailedAttempts {
  /**
   * Looks at credentials, unless too many have failed.
   * @param check answers undefined for wrong credentials, or `busy` for those that it could not look at, which counts as
   * a failure too: else it would cost nothing to keep it busy
   */
  guard<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<T | undefined | Throttled>;
}

export interface FailedAttemptsOptions {
  readonly settings: FailedAttemptsSettings;
  /** Left out: this process counts alone. */
  readonly redis?: RedisScripts | undefined;
  /** Stands before every key in Redis. */
  readonly keyPrefix?: string;
  /** What an address is counted as: IPv6 by its /64. */
  readonly networkOf: (address: string) => string;
  readonly log: Log;
  /** The most counts of each kind in this process's memory. */
  readonly maxKeys?: number;
}

const ATTEMPTS_BY_ADDRESS = 10;
const MAX_KEYS = 100_000;

/** How much is looked at at once: well below any limit, since what is under way counts as failed until it is not. */
const PAIR_WIDTH = 1;
const ADDRESS_WIDTH = 8;
const MAX_WAITING = 1000;

/** What no number of attempts comes to, nor goes below from: it marks a cooldown, though some are still given back. */
const CLOSED = 2e9;
const CLOSED_AT_LEAST = 1e9;

/** What is under way has used up the limit, which is soon over. */
const BUSY = new Throttled(1);

export function createFailedAttempts(options: FailedAttemptsOptions): FailedAttempts {
  const { settings, networkOf, log } = options;
  const cooldownS = Math.ceil(settings.cooldownMs / 1000);
  const pairs = createCounts(options, 'pair', settings.attempts);
  const addresses = createCounts(options, 'address', settings.attempts * ATTEMPTS_BY_ADDRESS);
  const inPairsTurn = createKeyedSemaphore(PAIR_WIDTH, MAX_WAITING);
  const inAddressTurn = createKeyedSemaphore(ADDRESS_WIDTH, MAX_WAITING);

  async function counted<T>(entries: readonly Entry[], check: () => Promise<T | undefined>) {
    const found = await Promise.all(entries.map(({ counts, key }) => counts.penalty(key, 1)));
    const cooling = entries.map(({ counts }, at) => coolingOf(found[at]!, counts.points));
    const longest = cooling.reduce((a, b) => (b.retryAfterS > a.retryAfterS ? b : a));
    if (longest.retryAfterS > 0) {
      await giveBack(entries);
      return longest;
    }
    let isWrong = false;
    try {
      const result = await check();
      isWrong = result === undefined || result === 'busy';
      return result;
    } finally {
      if (isWrong)
        await close(entries.filter(({ counts }, at) => found[at]!.consumedPoints >= counts.points));
      else await giveBack(entries);
    }
  }

  async function giveBack(entries: readonly Entry[]): Promise<void> {
    await Promise.all(entries.map(({ counts, key }) => counts.reward(key, 1)));
  }

  async function close(entries: readonly Entry[]): Promise<void> {
    for (const { counts, key, kind, attempt } of entries) {
      await counts.set(key, CLOSED, cooldownS);
      const { endpoint, address } = attempt;
      log.warn({ endpoint, client_ip: address, by: kind, cooldown_s: cooldownS }, 'too many failed attempts');
    }
  }

  return {
    async guard(attempt, check) {
      const network = networkOf(attempt.address);
      const addressKey = keyOf(network);
      const byAddress: Entry = { counts: addresses, key: addressKey, kind: 'address', attempt };
      let result;
      if (attempt.id === undefined) {
        result = await inAddressTurn(addressKey, () => counted([byAddress], check));
      } else {
        const pairKey = keyOf(attempt.endpoint, network, attempt.id);
        const byPair: Entry = { counts: pairs, key: pairKey, kind: 'pair', attempt };
        // The pair's turn comes first: who waits for it takes no place from others of the address.
        result = await inPairsTurn(pairKey, () =>
          inAddressTurn(addressKey, () => counted([byAddress, byPair], check)),
        );
      }
      return result === 'crowded' ? BUSY : result;
    },
  };
}

/** One count that an attempt goes into. */
interface Entry {
  readonly counts: RateLimiterAbstract;
  readonly key: string;
  readonly kind: 'pair' | 'address';
  readonly attempt: Attempt;
}

function createCounts(options: FailedAttemptsOptions, kind: string, points: number): RateLimiterAbstract {
  const { settings, redis, keyPrefix = '', maxKeys = MAX_KEYS } = options;
  // Whole seconds: of less the library would make a count that never ends.
  const duration = Math.ceil(settings.windowMs / 1000);
  const limits = { points, duration, keyPrefix: `${keyPrefix}failed:${kind}` };
  const memory = new MemoryCounts(limits, maxKeys);
  return redis ? createRedisCounts(redis, limits, memory) : memory;
}

const OPEN = new Throttled(0);

function coolingOf({ consumedPoints, msBeforeNext }: Counted, limit: number): Throttled {
  if (consumedPoints >= CLOSED_AT_LEAST) return new Throttled(Math.max(1, Math.ceil(msBeforeNext / 1000)));
  return consumedPoints > limit ? BUSY : OPEN;
}

type Counted = Awaited<ReturnType<RateLimiterAbstract['penalty']>>;

/** Of one length whatever strangers send, and nothing that could be read back; only the last part may hold a NUL. */
function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
