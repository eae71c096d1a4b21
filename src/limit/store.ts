/** Where limits are counted: the one question that `limit` asks, of this process's memory or of a Redis. */
import type { LimitPolicy } from '../model/limit.js';

/** What became of one request, told by the limit that matters most to its caller. */
export interface LimitDecision {
  /** Whether the request was counted under all of its limits; else it was counted under none. */
  readonly admitted: boolean;
  /**
   * Which limit tells: of an admitted request the one with the fewest remaining, of a refused one the exhausted
   * one that resets last; between equals the later reset.
   */
  readonly decidingLimit: number;
  /** How many more requests that limit would admit now. */
  readonly remaining: number;
  /**
   * The store's time, epoch milliseconds: of an admitted request when its oldest counted request leaves the window,
   * of a refused one the moment from which the next one is admitted.
   */
  readonly resetAtMs: number;
  /** From now until then; never too short for a caller who waits it out. */
  readonly waitMs: number;
}

/** `away`: the store could not be asked in time. `full`: it has no room for a new key, and nothing was counted. */
export type CheckResult = LimitDecision | 'unavailable' | 'full';

export interface LimitStore {
  /**
   * Counts one request under all of the limits, or under none.
   *
   * @param keys the count of each limit; distinct, and the same length as `limits`
   * @param isStrangers whether the caller is unauthenticated and counted by its address: a store with bounded room
   *   keeps a part of it for all others
   */
  consume(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
    isStrangers?: boolean,
  ): CheckResult | Promise<CheckResult>;
}
