/**
 * The arithmetic of a sliding window. The memory store uses this class; the Redis script implements the same rules.
 *
 * A request counted at `t` is in the window `[t, t + W)`: at `t + W` exactly it has left. So at most N are admitted in
 * any interval shorter than W. A window is a list of entries, oldest first, each a time and how many requests share it:
 *
 * - Up to N = 256 the form is exact: requests share an entry only when their times are equal.
 * - Above, requests of the same sixtieth of a window share an entry, with the newest of their times. Never more than N
 *   are admitted, none is refused for more than W/60 too long, and a window has at most 62 entries, besides those from
 *   when its N was lower.
 *
 * N only decides how the next request is added, so a count keeps its entries when a reload changes N.
 *
 * The store's clock may have fractions of a millisecond. A request is counted at the end of its millisecond, and the
 * window is read from the beginning of the current one, so rounding never shortens an interval. When the clock steps
 * back, a window continues with the time of its newest entry.
 */
import type { LimitState } from './store.js';

/** The largest N that is counted exactly. */
export const EXACT_UP_TO = 256;

/** The number of parts of a window when N is larger. */
export const BUCKETS = 60;

/** The counted requests of one key. */
export class SlidingWindow {
  /** How many requests are counted, including those that have left but are not yet dropped. */
  total = 0;
  /** Times and counts alternate, oldest first; entries before `#head` have left. */
  readonly #entries: number[] = [];
  #head = 0;

  /** The time of the newest entry; -Infinity where there is none. */
  get newestMs(): number {
    return this.#entries[this.#entries.length - 2] ?? -Infinity;
  }

  /** The time of the oldest entry that is still counted; -Infinity where there is none. */
  get oldestMs(): number {
    return this.#entries[this.#head] ?? -Infinity;
  }

  /** Drops the entries that have left the window at `fromMs`. */
  expire(fromMs: number, windowMs: number): void {
    const entries = this.#entries;
    let head = this.#head;
    while (head < entries.length && entries[head]! + windowMs <= fromMs) {
      this.total -= entries[head + 1]!;
      head += 2;
    }
    // The rest is moved only when it is the smaller half, so each entry is moved at most once.
    if (head * 2 >= entries.length) {
      entries.copyWithin(0, head);
      entries.length -= head;
      head = 0;
    }
    this.#head = head;
  }

  /** When fewer than `limit` will be counted. More than one entry may have to leave, since N may have been lowered. */
  freeAtMs(limit: number, windowMs: number): number {
    return this.#endOf(this.#head, this.total, limit, windowMs);
  }

  /** Returns what is counted at `fromMs` and when that changes, as `store.ts` describes it. Drops no entry. */
  stateAt(fromMs: number, limit: number, windowMs: number): LimitState {
    const entries = this.#entries;
    let oldest = this.#head;
    let used = this.total;
    while (oldest < entries.length && entries[oldest]! + windowMs <= fromMs) {
      used -= entries[oldest + 1]!;
      oldest += 2;
    }
    const resetAtMs = used === 0 ? fromMs : this.#endOf(oldest, used, limit, windowMs);
    return { used, remaining: Math.max(0, limit - used), resetAtMs };
  }

  /** When an entry leaves: the one after which fewer than `limit` of `used` are counted, or the oldest, which is at `at`. */
  #endOf(at: number, used: number, limit: number, windowMs: number): number {
    const entries = this.#entries;
    let left = used - entries[at + 1]!;
    while (left >= limit) {
      at += 2;
      left -= entries[at + 1]!;
    }
    return entries[at]! + windowMs;
  }

  /** Counts one more request at `atMs`, which is not before the newest entry. */
  add(atMs: number, limit: number, windowMs: number): void {
    const entries = this.#entries;
    const newestMs = this.newestMs;
    this.total += 1;
    if (newestMs === atMs || (limit > EXACT_UP_TO && sameBucket(newestMs, atMs, windowMs))) {
      entries[entries.length - 2] = atMs;
      entries[entries.length - 1]! += 1;
    } else {
      entries.push(atMs, 1);
    }
  }
}

function sameBucket(a: number, b: number, windowMs: number): boolean {
  return Math.floor((a * BUCKETS) / windowMs) === Math.floor((b * BUCKETS) / windowMs);
}
