/**
 * Counts limits in a Redis that replicas share: the checks of one turn of the event loop go as one script call.
 *
 * In a cluster they go as one call a slot. The keys of one check share a hash tag, so a check is whole in one slot.
 */
import { batchPerTick } from '../shared/batch-per-tick.js';
import type { LimitPolicy } from '../model/limit.js';
import { ExhaustedWindows } from './exhausted.js';
import { REPLY_FIELDS, CONSUME_SCRIPT } from './script.js';
import type { LimitStore, CheckResult, LimitDecision } from './store.js';

/** The connection as this store needs it. */
export interface ScriptRunner {
  /** False while an outage is known: no call is made then. */
  readonly isUp: boolean;
  /** Of a cluster alone: where a key lies now. Keys of one slot may go in one call, and each server has its own clock. */
  readonly locate?: (key: string) => { readonly slot: number; readonly server: object | undefined };
  /** Runs a script that replies with a list; `away` when that fails or takes longer than `withinMs`. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/** A number that rides in every call: whether what the process holds in memory is as new as what Redis knows of. */
export interface PiggybackedRevision {
  /** The hash in whose field `revision` it is. Not with a cluster, where it lies in a slot of its own. */
  readonly key: string;
  /** Told the number, 0 where there is none, at each reply. What it answers with is waited for before the verdicts. */
  follow(revision: number): Promise<void> | undefined;
}

export interface RedisStoreOptions {
  readonly connection: ScriptRunner;
  /** Stands before every key. */
  readonly keyPrefix: string;
  /** The longest that a check may take. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that never steps back, from any origin: `performance.now`. */
  readonly monotonic: () => number;
  readonly piggybacked?: PiggybackedRevision;
}

/** How many checks go in one call: Redis does nothing else in the meantime, about a tenth of a millisecond for these. */
const BATCH_SIZE = 64;

/** How many exhausted windows are remembered. */
const REMEMBERED = 65_536;

interface Check {
  readonly keys: readonly string[];
  readonly limits: readonly LimitPolicy[];
  resolve(taken: CheckResult): void;
}

/** Redis's time less ours, as the last reply told it; unknown at first and after a failed call. */
interface Clock {
  offsetMs: number | undefined;
}

/** The script's reply, and when it was asked for and came. */
interface ScriptReply {
  readonly numbers: readonly number[];
  readonly sentAt: number;
  readonly answeredAt: number;
}

export function createRedisStore({
  connection,
  keyPrefix,
  timeoutMs,
  monotonic,
  piggybacked,
}: RedisStoreOptions): LimitStore {
  const exhausted = new ExhaustedWindows(REMEMBERED);
  const theClock: Clock = { offsetMs: undefined };
  const clocks = new WeakMap<object, Clock>();
  const { locate } = connection;

  const ask = batchPerTick<Check>((checks) => {
    if (locate) for (const group of bySlot(checks, slotOf)) decideAll(group);
    else decideAll(checks);
  });

  function decideAll(checks: readonly Check[]): void {
    for (let i = 0; i < checks.length; i += BATCH_SIZE) void decide(checks.slice(i, i + BATCH_SIZE));
  }

  function slotOf({ keys }: Check): number {
    return locate?.(keyPrefix + keys[0]!).slot ?? 0;
  }

  /** Asked before a call and after it: a slot may have moved in between. */
  function clockOf([check]: readonly Check[]): Clock {
    const server = check && locate?.(keyPrefix + check.keys[0]!).server;
    if (!server) return theClock;
    let clock = clocks.get(server);
    if (!clock) clocks.set(server, (clock = { offsetMs: undefined }));
    return clock;
  }

  async function decide(batch: readonly Check[]): Promise<void> {
    const startedAt = monotonic();
    let answer = await call(batch, timeoutMs);
    // Only the time came back: Redis's clock was not known, or not well enough. Now it is.
    if (answer?.numbers.length === 1) answer = await call(batch, timeoutMs - (answer.answeredAt - startedAt));
    if (answer?.numbers.length !== 1 + batch.length * REPLY_FIELDS + (piggybacked ? 1 : 0)) {
      for (const check of batch) check.resolve('unavailable');
      return;
    }
    if (piggybacked) await piggybacked.follow(answer.numbers.at(-1)!);
    let at = 1;
    for (const check of batch) {
      check.resolve(read(check, answer, at));
      at += REPLY_FIELDS;
    }
  }

  /** Sends a batch once. What Redis gets to only after we have given up must not count: hence a deadline in its time. */
  async function call(batch: readonly Check[], withinMs: number): Promise<ScriptReply | undefined> {
    const sentAt = monotonic();
    const { offsetMs } = clockOf(batch);
    const deadline = offsetMs === undefined ? 0 : Math.floor(sentAt + offsetMs + withinMs);
    const keys: string[] = [];
    const args = [deadline];
    for (const check of batch) {
      args.push(check.keys.length);
      for (const key of check.keys) keys.push(keyPrefix + key);
      for (const limit of check.limits) args.push(limit.requests, limit.windowMs);
    }
    if (piggybacked) keys.push(piggybacked.key);
    const numbers = await connection.runScript(CONSUME_SCRIPT, keys, args, withinMs);
    const clock = clockOf(batch);
    if (numbers === 'unavailable' || !isNumbers(numbers)) {
      clock.offsetMs = undefined;
      return undefined;
    }
    const answeredAt = monotonic();
    // As if no time had passed since Redis read its clock: deadlines come early rather than late.
    clock.offsetMs = numbers[0]! - answeredAt;
    return { numbers, sentAt, answeredAt };
  }

  function read(
    { keys, limits }: Check,
    { numbers, sentAt, answeredAt }: ScriptReply,
    at: number,
  ): LimitDecision {
    const decidingLimit = numbers[at + 1]!;
    const remaining = numbers[at + 2]!;
    const resetAtMs = numbers[at + 3]!;
    const verdict = {
      admitted: numbers[at] === 1,
      decidingLimit,
      remaining,
      resetAtMs,
      waitMs: resetAtMs - numbers[0]!,
    };
    if (remaining === 0)
      exhausted.remember(keys[decidingLimit]!, limits[decidingLimit]!.requests, verdict, sentAt, answeredAt);
    return verdict;
  }

  return {
    consume(keys, limits) {
      if (!connection.isUp) return 'unavailable';
      return (
        exhausted.refuse(keys, limits, monotonic()) ??
        new Promise<CheckResult>((resolve) => ask({ keys, limits, resolve }))
      );
    },
  };
}

function bySlot(checks: readonly Check[], slotOf: (check: Check) => number): Iterable<Check[]> {
  const groups = new Map<number, Check[]>();
  for (const check of checks) {
    const slot = slotOf(check);
    const group = groups.get(slot);
    if (group) group.push(check);
    else groups.set(slot, [check]);
  }
  return groups.values();
}

function isNumbers(reply: readonly unknown[]): reply is readonly number[] {
  return reply.length > 0 && reply.every((value) => typeof value === 'number');
}
