/**
 * What Redis has said about exhausted windows: until when no request can be admitted under a key, so that a caller
 * who goes on knocking costs no call.
 *
 * Redis's moments are told in this process's monotonic clock, which knows them only as far as the call took: the
 * refusing ends at the earliest moment that Redis can have meant, and `Retry-After` tells the latest.
 */
import type { LimitPolicy } from '../model/limit.js';
import type { LimitDecision } from './store.js';

interface Exhaustion {
  /** For which N that holds; after a reload that changes it Redis is asked again. */
  readonly limit: number;
  readonly resetAtMs: number;
  readonly earliest: number;
  readonly latest: number;
}

export class ExhaustedWindows {
  readonly #byKey = new Map<string, Exhaustion>();

  constructor(private readonly capacity: number) {}

  /** Remembers that a window was found exhausted by a call that was sent and answered at these moments. */
  remember(
    key: string,
    limit: number,
    { resetAtMs, waitMs }: LimitDecision,
    sentAt: number,
    answeredAt: number,
  ): void {
    // The one that was remembered first makes room: it costs a call at most.
    this.#byKey.delete(key);
    if (this.#byKey.size >= this.capacity) {
      for (const first of this.#byKey.keys()) {
        this.#byKey.delete(first);
        break;
      }
    }
    this.#byKey.set(key, { limit, resetAtMs, earliest: sentAt + waitMs, latest: answeredAt + waitMs });
  }

  /** The refusal of a request whose windows include an exhausted one, told by the one that resets last. */
  refuse(keys: readonly string[], limits: readonly LimitPolicy[], at: number): LimitDecision | undefined {
    if (this.#byKey.size === 0) return undefined;
    let index = -1;
    let last: Exhaustion | undefined;
    for (let i = 0; i < keys.length; i++) {
      const known = this.#byKey.get(keys[i]!);
      if (!known) continue;
      if (known.earliest <= at) this.#byKey.delete(keys[i]!);
      else if (known.limit === limits[i]!.requests && (!last || known.resetAtMs > last.resetAtMs)) {
        index = i;
        last = known;
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
