/**
 * Throttles failed logins: too many wrong credentials within a window start a cooldown, in which right ones are refused
 * too. Called by the endpoints before they check credentials.
 *
 * An attempt is counted before its credentials are checked, and uncounted if they were right. So concurrent guesses, at
 * any number of gateways that share a Redis, never exceed the limit. The pair of client id and address is counted, so
 * that others cannot lock an app out of its own address. The address alone has a limit ten times as high, so that
 * trying many ids does not help.
 */
import { createHash } from 'node:crypto';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Log } from '../model/log.js';
import { NO_MEASURES, type Measures } from '../model/measures.js';
import type { FailedAttemptsSettings } from '../model/tokens.js';
import {
  createMemoryCooldowns,
  createRedisCooldowns,
  type Cooldown,
  type CooldownList,
} from './failed-attempts/cooldowns.js';
import { MemoryCounts } from './failed-attempts/memory-counts.js';
import { createRedisCounts, endRedisCount, type RedisScripts } from './failed-attempts/redis-counts.js';
import { createKeyedSemaphore } from './failed-attempts/keyed-semaphore.js';

export type { Cooldown } from './failed-attempts/cooldowns.js';

export interface CredentialAttempt {
  readonly endpoint: string;
  /** The client id or user name; undefined if the endpoint has none, and only the address is counted. */
  readonly id: string | undefined;
  readonly address: string;
}

/** Too many attempts have failed. The credentials were not checked. */
export class Throttled {
  constructor(readonly retryAfterS: number) {}
}

export interface FailedAttempts {
  /**
   * Checks credentials, unless too many attempts have failed. Rejects if `check` rejects; that counts as no failure.
   * @param check resolves to undefined for wrong credentials, or to `busy` if it could not check them. `busy` counts as
   * a failure too; otherwise keeping it busy would cost nothing
   */
  guard<T>(
    attempt: CredentialAttempt,
    check: () => Promise<T | undefined>,
  ): Promise<T | undefined | Throttled>;
  /** The cooldowns in force, in no order: of all gateways that share a Redis, else of this process. */
  cooldowns(): Promise<readonly Cooldown[] | 'unavailable'>;
  /** Ends a cooldown, with its count of failures. False if there is no such cooldown. */
  endCooldown(id: string): Promise<boolean | 'unavailable'>;
}

export interface FailedAttemptsOptions {
  readonly settings: FailedAttemptsSettings;
  /** If absent, this process counts alone. */
  readonly redis?: RedisScripts | undefined;
  /** The prefix of every key in Redis. */
  readonly keyPrefix?: string;
  /** The network that an address is counted as: for IPv6 its /64. */
  readonly networkOf: (address: string) => string;
  /** A keyed hash of a client id, which identifies it in the list of cooldowns. */
  readonly fingerprintOfId: (id: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** The most counts of each kind in this process's memory. */
  readonly maxKeys?: number;
  /** Counts the failures; by default nothing does. */
  readonly measures?: Pick<Measures, 'failedAttempt'>;
}

const ATTEMPTS_BY_ADDRESS = 10;
const MAX_KEYS = 100_000;
/** The most cooldowns that this process lists from its memory. */
const MAX_LISTED = 10_000;

/** How many attempts are checked at once: well below any limit, because an unfinished attempt counts as failed. */
const PAIR_WIDTH = 1;
const ADDRESS_WIDTH = 8;
const MAX_WAITING = 1000;

/** The count that marks a cooldown. Attempts alone never reach it, and uncounting never takes it below the threshold. */
const COOLDOWN_COUNT = 2e9;
const COOLDOWN_THRESHOLD = 1e9;

/** Unfinished attempts have used up the limit, which lasts only until they finish. */
const BUSY = new Throttled(1);

/** Creates the throttle. Windows and cooldowns are rounded up to whole seconds. */
export function createFailedAttempts(options: FailedAttemptsOptions): FailedAttempts {
  const { settings, networkOf, log, measures = NO_MEASURES } = options;
  const cooldownS = Math.ceil(settings.cooldownMs / 1000);
  const pairs = createCounts(options, 'pair', settings.attempts);
  const addresses = createCounts(options, 'address', settings.attempts * ATTEMPTS_BY_ADDRESS);
  const list = createCooldownList(options, cooldownS * 1000);
  const withPairSlot = createKeyedSemaphore(PAIR_WIDTH, MAX_WAITING);
  const withAddressSlot = createKeyedSemaphore(ADDRESS_WIDTH, MAX_WAITING);

  async function runCounted<T>(entries: readonly Entry[], check: () => Promise<T | undefined>) {
    const results = await Promise.all(entries.map(({ counts, key }) => counts.limiter.penalty(key, 1)));
    const throttles = entries.map(({ counts }, at) => throttleOf(results[at]!, counts.limiter.points));
    const longest = throttles.reduce((a, b) => (b.retryAfterS > a.retryAfterS ? b : a));
    if (longest.retryAfterS > 0) {
      await uncount(entries);
      return longest;
    }
    let isWrong = false;
    try {
      const result = await check();
      isWrong = result === undefined || result === 'busy';
      if (result === undefined) measures.failedAttempt(entries[0]!.attempt.endpoint);
      return result;
    } finally {
      if (isWrong)
        await startCooldown(
          entries.filter(({ counts }, at) => results[at]!.consumedPoints >= counts.limiter.points),
        );
      else await uncount(entries);
    }
  }

  async function uncount(entries: readonly Entry[]): Promise<void> {
    await Promise.all(entries.map(({ counts, key }) => counts.limiter.reward(key, 1)));
  }

  async function startCooldown(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      const { counts, key, kind, attempt } = entry;
      await counts.limiter.set(key, COOLDOWN_COUNT, cooldownS);
      await list.add(cooldownOf(entry, options, cooldownS * 1000));
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
        result = await withAddressSlot(addressKey, () => runCounted([byAddress], check));
      } else {
        const pairKey = keyOf(attempt.endpoint, network, attempt.id);
        const byPair: Entry = { counts: pairs, key: pairKey, kind: 'pair', attempt };
        // The pair's slot comes first: an attempt that waits for it takes no slot from others of the address.
        result = await withPairSlot(pairKey, () =>
          withAddressSlot(addressKey, () => runCounted([byAddress, byPair], check)),
        );
      }
      return result === 'queue_full' ? BUSY : result;
    },
    cooldowns: () => list.list(options.now()),
    async endCooldown(id) {
      const [, kind, key] = /^(pair|address)-([\w-]{43})$/.exec(id) ?? [];
      if (key === undefined) return false;
      const ended = await (kind === 'pair' ? pairs : addresses).end(key);
      await list.remove(id, options.now());
      return ended;
    },
  };
}

function cooldownOf(
  { key, kind, attempt: { endpoint, id, address } }: Entry,
  { networkOf, fingerprintOfId, now }: FailedAttemptsOptions,
  lengthMs: number,
): Cooldown {
  return {
    id: `${kind}-${key}`,
    kind,
    endpoint,
    network: networkOf(address),
    ...(kind === 'pair' && id !== undefined && { clientIdHash: fingerprintOfId(id) }),
    untilMs: now() + lengthMs,
  };
}

/** One count that includes an attempt. */
interface Entry {
  readonly counts: Counts;
  readonly key: string;
  readonly kind: 'pair' | 'address';
  readonly attempt: CredentialAttempt;
}

/** The counts of pairs, or of addresses. */
interface Counts {
  readonly limiter: RateLimiterAbstract;
  /** Ends a cooldown, with its count, in Redis and in memory. False if there is none. */
  end(key: string): Promise<boolean | 'unavailable'>;
}

function createCounts(options: FailedAttemptsOptions, kind: string, points: number): Counts {
  const { settings, redis, keyPrefix = '', maxKeys = MAX_KEYS } = options;
  // Whole seconds: with less than one, the library makes a count that never expires.
  const duration = Math.ceil(settings.windowMs / 1000);
  const limits = { points, duration, keyPrefix: `${keyPrefix}failed:${kind}` };
  const memory = new MemoryCounts(limits, maxKeys);
  const endInMemory = (key: string): Promise<boolean> => memory.end(key, COOLDOWN_THRESHOLD);
  if (!redis) return { limiter: memory, end: endInMemory };
  const limiter = createRedisCounts(redis, limits, memory);
  return {
    limiter,
    async end(key) {
      const isEnded = await endInMemory(key);
      const result = await endRedisCount(redis, limiter.getKey(key), COOLDOWN_THRESHOLD);
      return result === 'unavailable' ? result : result || isEnded;
    },
  };
}

function createCooldownList(options: FailedAttemptsOptions, widthMs: number): CooldownList {
  const { redis, keyPrefix = '', maxKeys = MAX_KEYS } = options;
  const memory = createMemoryCooldowns(Math.min(maxKeys, MAX_LISTED));
  return redis ? createRedisCooldowns(redis, { keyPrefix, widthMs, insurance: memory }) : memory;
}

const NOT_THROTTLED = new Throttled(0);

function throttleOf({ consumedPoints, msBeforeNext }: CountResult, limit: number): Throttled {
  if (consumedPoints >= COOLDOWN_THRESHOLD) return new Throttled(Math.max(1, Math.ceil(msBeforeNext / 1000)));
  return consumedPoints > limit ? BUSY : NOT_THROTTLED;
}

type CountResult = Awaited<ReturnType<RateLimiterAbstract['penalty']>>;

/** A hash, so that keys have one length and reveal nothing. Only the last part may contain a NUL. */
function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
