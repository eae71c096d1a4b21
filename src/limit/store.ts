/** The interface between `limit.ts` and its stores, in this process's memory or in Redis. */
import type { LimitPolicy } from '../model/limit.js';

/** What a store has counted under one limit. */
export interface LimitState {
  /** How many requests are counted in the current window; more than N where N was lowered. */
  readonly used: number;
  /** How many more requests would be admitted now. */
  readonly remaining: number;
  /**
   * The store's time, epoch milliseconds: when the next request is admitted if none remains, otherwise when the oldest
   * counted request leaves the window; the current time where nothing is counted.
   */
  readonly resetAtMs: number;
}

/** Makes the state of a limit from what its window has counted. */
export function windowState(used: number, resetAtMs: number, { requests }: LimitPolicy): LimitState {
  return { used, remaining: Math.max(0, requests - used), resetAtMs };
}

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
  /** The state of each limit after the decision. Only where it was asked for. */
  readonly states?: readonly LimitState[];
}

/** `unavailable`: the store did not reply in time. `full`: it has no room for a new key, and nothing was counted. */
export type CheckResult = LimitDecision | 'unavailable' | 'full';

export interface LimitStore {
  /**
   * Counts one request under all of the limits, or under none. Does not reject.
   *
   * @param keys the key of each limit; distinct, and the same length as `limits`
   * @param withStates whether the decision has the state of each limit
   * @param isUnauthenticated whether the caller is unauthenticated and counted by its address: a store with limited
   *   room reserves a part of it for all others
   */
  consume(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
    withStates?: boolean,
    isUnauthenticated?: boolean,
  ): CheckResult | Promise<CheckResult>;

  /**
   * Reads the state of each limit as the next `consume` would find it. It counts and writes nothing. Does not reject.
   *
   * @param keys the key of each limit, the same length as `limits`; any of them may be equal
   */
  inspect(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
  ): readonly LimitState[] | 'unavailable' | Promise<readonly LimitState[] | 'unavailable'>;
}
