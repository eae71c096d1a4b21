/**
 * Caches the windows that Redis reported as exhausted, so that repeated requests on them skip Redis. Called by
 * `redis-store.ts`.
 *
 * Redis's times are converted to this process's monotonic clock, with an error up to the duration of the call. The
 * refusal therefore ends at the earliest possible moment, and `Retry-After` is computed from the latest.
 */
import { LRUCache } from 'lru-cache';
import type { LimitPolicy } from '../model/limit.js';
import type { LimitDecision, LimitState } from './store.js';

interface Exhaustion {
  /** The N that was exhausted. After a reload that changes N, Redis is called again. */
  readonly limit: number;
  readonly resetAtMs: number;
  /** The earliest and latest moment at which the window can reset, on the monotonic clock. */
  readonly earliest: number;
  readonly latest: number;
  /** What the check found, if it asked for all states. The other limits may have changed since. */
  readonly found: FoundStates | undefined;
}

interface FoundStates {
  readonly keys: readonly string[];
  readonly states: readonly LimitState[];
  /** When the reply came. */
  readonly at: number;
}

/** How long the states of the other limits are used again. Then Redis is called. */
const STATES_MAX_AGE_MS = 1000;

/** The exhausted windows. Times are monotonic milliseconds unless they end in `AtMs`. */
export class ExhaustedWindowCache {
  /** The window that was asked for longest ago is dropped for a new one. That costs at most one call. */
  readonly #byKey: LRUCache<string, Exhaustion>;

  /** @param capacity the most windows; memory for all of them is taken at once, about 22 bytes each */
  constructor(capacity: number) {
    this.#byKey = new LRUCache({ max: capacity });
  }

  /**
   * Records the exhausted window that decided a check.
   *
   * @param keys of the check
   * @param limit the N of that window
   * @param sentAt when the call was sent
   * @param repliedAt when its reply came
   */
  remember(
    keys: readonly string[],
    limit: number,
    { decidingLimit, resetAtMs, waitMs, states }: LimitDecision,
    sentAt: number,
    repliedAt: number,
  ): void {
    const found = states && { keys, states, at: repliedAt };
    const times = { earliest: sentAt + waitMs, latest: repliedAt + waitMs };
    this.#byKey.set(keys[decidingLimit]!, { limit, resetAtMs, ...times, found });
  }

  /**
   * Refuses a request with an exhausted window, by the one that resets last; undefined where none is known, or where the
   * states of all limits are wanted and the known ones are older than a second.
   */
  refuse(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
    at: number,
    withStates = false,
  ): LimitDecision | undefined {
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
    if (!last) return undefined;
    const { resetAtMs, latest, found } = last;
    const refusal = { admitted: false, decidingLimit: index, remaining: 0, resetAtMs, waitMs: latest - at };
    if (!withStates) return refusal;
    if (!found || at - found.at > STATES_MAX_AGE_MS || !isEqual(found.keys, keys)) return undefined;
    return { ...refusal, states: found.states };
  }
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, i) => key === other[i]);
}
