/**
 * Caches the windows that Redis reported as exhausted, so that repeated requests on them skip Redis. Called by
 * `redis-store.ts`.
 *
 * Redis's times are converted to this process's monotonic clock, with an error up to the duration of the call. The
 * refusal therefore ends at the earliest possible moment, and `Retry-After` is computed from the latest.
 */
import { LRUCache } from 'lru-cache';
import type { LimitPolicy } from '../model/limit.js';
import type { LimitDecision } from './store.js';

interface Exhaustion {
  /** The N that was exhausted. After a reload that changes N, Redis is called again. */
  readonly limit: number;
  readonly resetAtMs: number;
  /** The earliest and latest moment at which the window can reset, on the monotonic clock. */
  readonly earliest: number;
  readonly latest: number;
}

/** The exhausted windows. Times are monotonic milliseconds unless they end in `AtMs`. */
export class ExhaustedWindowCache {
  /** The window that was asked for longest ago is dropped for a new one. That costs at most one call. */
  readonly #byKey: LRUCache<string, Exhaustion>;

  /** @param capacity the most windows; memory for all of them is taken at once, about 22 bytes each */
  constructor(capacity: number) {
    this.#byKey = new LRUCache({ max: capacity });
  }

  /** Records an exhausted window, with the times at which its call was sent and its reply came. */
  remember(
    key: string,
    limit: number,
    { resetAtMs, waitMs }: LimitDecision,
    sentAt: number,
    repliedAt: number,
  ): void {
    this.#byKey.set(key, { limit, resetAtMs, earliest: sentAt + waitMs, latest: repliedAt + waitMs });
  }

  /** Refuses a request with an exhausted window, by the one that resets last; undefined where none is known. */
  refuse(keys: readonly string[], limits: readonly LimitPolicy[], at: number): LimitDecision | undefined {
    if (this.#byKey.size === 0) return undefined;
    let index = -1;
    let last: Exhaustion | undefined;
    for (let i = 0; i < keys.length; i++) {
      const entry = this.#byKey.get(keys[i]!);
      if (!entry) continue;
      if (entry.earliest <= at) this.#byKey.delete(keys[i]!);
      else if (entry.limit === limits[i]!.requests && (!last || entry.resetAtMs > last.resetAtMs)) {
        index = i;
        last = entry;
      }
    }
    return (
      last && {
        admitted: false,
        decidingLimit: index,
        remaining: 0,
        resetAtMs: last.resetAtMs,
        waitMs: last.latest - at,
      }
    );
  }
}
