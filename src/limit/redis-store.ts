/**
 * Counts limits in a Redis that replicas share: the checks of one tick of the event loop are sent as one script call.
 *
 * In a cluster they are sent as one call per slot. The keys of one check share a hash tag, so they are in one slot.
 */
import { batchPerTick } from '../shared/batch-per-tick.js';
import type { LimitPolicy } from '../model/limit.js';
import { ExhaustedWindowCache } from './exhausted-window-cache.js';
import { bySlot, type LimitRedis } from './limit-redis.js';
import { RedisInspector } from './redis-inspector.js';
import { CONSUME_SCRIPT, REPLY_FIELDS, STATE_FIELDS } from './script.js';
import {
  windowState,
  type LimitStore,
  type CheckResult,
  type LimitDecision,
  type LimitState,
} from './store.js';

/** The revision of the revocations, read in every call: it shows whether the set in memory is current. */
export interface PiggybackedRevision {
  /** The hash whose field `revision` has it. Not used with a cluster, where the hash is in another slot. */
  readonly key: string;
  /** Called with the revision of each reply, 0 where there is none. The decisions wait for the returned promise. */
  onRevision(revision: number): Promise<void> | undefined;
}

export interface RedisStoreOptions {
  readonly connection: LimitRedis;
  /** The prefix of every key. */
  readonly keyPrefix: string;
  /** The longest time for a check. */
  readonly timeoutMs: number;
  /** Monotonic milliseconds with any origin: `performance.now`. */
  readonly monotonic: () => number;
  readonly piggybacked?: PiggybackedRevision;
}

/** The most checks in one call. Redis is blocked during a call, about a tenth of a millisecond for these. */
const BATCH_SIZE = 64;

/** How many exhausted windows are remembered. */
const EXHAUSTED_CAPACITY = 65_536;

interface Check {
  readonly keys: readonly string[];
  readonly limits: readonly LimitPolicy[];
  readonly withStates: boolean;
  resolve(result: CheckResult): void;
}

/** Redis's time minus ours, by the last reply; unknown at first and after a failed call. */
interface Clock {
  offsetMs: number | undefined;
}

/** The script's reply, and when the call was sent and the reply came. */
interface ScriptReply {
  readonly numbers: readonly number[];
  readonly sentAt: number;
  readonly repliedAt: number;
}

/** Creates the store. `consume` does not reject: a call that fails or takes too long gives `unavailable`. */
export function createRedisStore(options: RedisStoreOptions): LimitStore {
  return new RedisStore(options);
}

class RedisStore implements LimitStore {
  readonly #options: RedisStoreOptions;
  readonly #exhausted = new ExhaustedWindowCache(EXHAUSTED_CAPACITY);
  readonly #singleClock: Clock = { offsetMs: undefined };
  /** The clocks of a cluster's servers. */
  readonly #clocks = new WeakMap<object, Clock>();
  readonly #enqueue: (check: Check) => void;
  readonly #inspector: RedisInspector;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#inspector = new RedisInspector(options);
    this.#enqueue = batchPerTick((checks) => this.#send(checks));
  }

  consume(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
    withStates = false,
  ): CheckResult | Promise<CheckResult> {
    const { connection, monotonic } = this.#options;
    if (!connection.isUp) return 'unavailable';
    return (
      this.#exhausted.refuse(keys, limits, monotonic(), withStates) ??
      new Promise<CheckResult>((resolve) => this.#enqueue({ keys, limits, withStates, resolve }))
    );
  }

  inspect(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
  ): 'unavailable' | Promise<readonly LimitState[] | 'unavailable'> {
    return this.#options.connection.isUp ? this.#inspector.inspect(keys, limits) : 'unavailable';
  }

  /** Sends the checks of one tick. */
  #send(checks: readonly Check[]): void {
    if (!this.#options.connection.locate) this.#sendInBatches(checks);
    else
      for (const group of bySlot(checks, (check) => this.#locate(check)?.slot ?? 0))
        this.#sendInBatches(group);
  }

  #sendInBatches(checks: readonly Check[]): void {
    for (let i = 0; i < checks.length; i += BATCH_SIZE) void this.#sendBatch(checks.slice(i, i + BATCH_SIZE));
  }

  async #sendBatch(batch: readonly Check[]): Promise<void> {
    const { monotonic, timeoutMs, piggybacked } = this.#options;
    const startedAt = monotonic();
    let reply = await this.#call(batch, timeoutMs);
    // A reply with only the time: Redis's clock was unknown or not precise enough. Now it is known.
    if (reply?.numbers.length === 1)
      reply = await this.#call(batch, timeoutMs - (reply.repliedAt - startedAt));
    let fields = piggybacked ? 2 : 1;
    for (const check of batch) fields += fieldsOf(check);
    if (reply?.numbers.length !== fields) {
      for (const check of batch) check.resolve('unavailable');
      return;
    }
    if (piggybacked) await piggybacked.onRevision(reply.numbers.at(-1)!);
    let at = 1;
    for (const check of batch) {
      check.resolve(this.#read(check, reply, at));
      at += fieldsOf(check);
    }
  }

  /** Sends a batch once. It has a deadline in Redis's time, so that a call that Redis runs too late counts nothing. */
  async #call(batch: readonly Check[], withinMs: number): Promise<ScriptReply | undefined> {
    const { connection, keyPrefix, monotonic, piggybacked } = this.#options;
    const sentAt = monotonic();
    const { offsetMs } = this.#clockOf(batch);
    const deadline = offsetMs === undefined ? 0 : Math.floor(sentAt + offsetMs + withinMs);
    const keys: string[] = [];
    const args = [deadline];
    for (const check of batch) {
      args.push(check.withStates ? -check.keys.length : check.keys.length);
      for (const key of check.keys) keys.push(keyPrefix + key);
      for (const limit of check.limits) args.push(limit.requests, limit.windowMs);
    }
    if (piggybacked) keys.push(piggybacked.key);
    const numbers = await connection.runScript(CONSUME_SCRIPT, keys, args, withinMs);
    const clock = this.#clockOf(batch);
    if (numbers === 'unavailable' || !isNumbers(numbers)) {
      clock.offsetMs = undefined;
      return undefined;
    }
    const repliedAt = monotonic();
    // Assumes that Redis read its clock when the reply came: deadlines are early rather than late.
    clock.offsetMs = numbers[0]! - repliedAt;
    return { numbers, sentAt, repliedAt };
  }

  /** The clock of a batch's server. Called before and after a call, since a slot may move in between. */
  #clockOf([check]: readonly Check[]): Clock {
    const server = check && this.#locate(check)?.server;
    if (!server) return this.#singleClock;
    let clock = this.#clocks.get(server);
    if (!clock) this.#clocks.set(server, (clock = { offsetMs: undefined }));
    return clock;
  }

  /** Where a check's keys are; undefined without a cluster. */
  #locate({ keys }: Check): ReturnType<NonNullable<LimitRedis['locate']>> | undefined {
    const { connection, keyPrefix } = this.#options;
    return connection.locate?.(keyPrefix + keys[0]!);
  }

  /** Reads one check's part of the reply, which starts at `at`. */
  #read(
    { keys, limits, withStates }: Check,
    { numbers, sentAt, repliedAt }: ScriptReply,
    at: number,
  ): LimitDecision {
    const decidingLimit = numbers[at + 1]!;
    const remaining = numbers[at + 2]!;
    const resetAtMs = numbers[at + 3]!;
    const admitted = numbers[at] === 1;
    const waitMs = resetAtMs - numbers[0]!;
    const decision: LimitDecision = withStates
      ? { admitted, decidingLimit, remaining, resetAtMs, waitMs, states: statesOf(limits, numbers, at) }
      : { admitted, decidingLimit, remaining, resetAtMs, waitMs };
    if (remaining === 0) {
      const { requests } = limits[decidingLimit]!;
      this.#exhausted.remember(keys, requests, decision, sentAt, repliedAt);
    }
    return decision;
  }
}

/** How many numbers of the reply belong to a check. */
function fieldsOf({ withStates, keys }: Check): number {
  return withStates ? REPLY_FIELDS + keys.length * STATE_FIELDS : REPLY_FIELDS;
}

/** Reads the states of a check's limits, which follow the decision that starts at `at`. */
function statesOf(limits: readonly LimitPolicy[], numbers: readonly number[], at: number): LimitState[] {
  const first = at + REPLY_FIELDS;
  return limits.map((limit, i) =>
    windowState(numbers[first + i * STATE_FIELDS]!, numbers[first + i * STATE_FIELDS + 1]!, limit),
  );
}

function isNumbers(reply: readonly unknown[]): reply is readonly number[] {
  return reply.length > 0 && reply.every((value) => typeof value === 'number');
}
