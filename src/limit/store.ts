/** The interface between `limit.ts` and its stores, in this process's memory or in Redis. */
import type { LimitPolicy } from '../model/limit.js';

/** The result of one check, by the limit that matters most to its caller. */
export interface LimitDecision {
  /** Whether the request was counted under all of its limits; else it was counted under none. */
  readonly admitted: boolean;
  /**
   * The index of the limit that decides: of an admitted request the one with the fewest remaining, of a refused one
   * the exhausted one that resets last; between equals the later reset.
   */
  readonly decidingLimit: number;
  /** How many more requests that limit would admit now. */
  readonly remaining: number;
  /**
   * The store's time, epoch milliseconds: of an admitted request when its oldest counted request leaves the window,
   * of a refused one the moment from which the next one is admitted.
   */
  readonly resetAtMs: number;
  /** From now until `resetAtMs`; never too short for a caller that waits for it. */
  readonly waitMs: number;
}

/** `unavailable`: the store did not reply in time. `full`: it has no room for a new key, and nothing was counted. */
export type CheckResult = LimitDecision | 'unavailable' | 'full';

export interface LimitStore {
  /**
   * Counts one request under all of the limits, or under none. Does not reject.
   *
   * @param keys the key of each limit; distinct, and the same length as `limits`
   * @param isUnauthenticated whether the caller is unauthenticated and counted by its address: a store with limited
   *   room reserves a part of it for all others
   */
  consume(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
    isUnauthenticated?: boolean,
  ): CheckResult | Promise<CheckResult>;
}
