/**
 * The arithmetic of a sliding window, which the memory store keeps in numbers and the Redis store in a string.
 *
 * A request counted at `t` stays in the window `[t, t + W)`: at `t + W` exactly it has left. So at most N are
 * admitted in any interval shorter than W, wherever it begins. What is kept of them is a list of entries, oldest
 * first, each a time and how many requests left with it:
 *
 * - Up to N = 256 the form is exact: requests share an entry only when their times are equal.
 * - Above, requests of the same sixtieth of a window share an entry, under the newest time among them. Never more
 *   than N are admitted, none is refused for more than W/60 too long, and no count is larger than 62 entries
 *   beside those it had while its N was lower.
 *
 * N only decides how the next request is added, so a count whose N has changed, in a reload, loses nothing.
 *
 * The store's clock may have parts of a millisecond: a request is counted at the end of the one it falls in, and
 * the window is looked at from its beginning, so an interval never shrinks by rounding. A clock that has
 * stepped back stands still, for one count, at that count's newest entry.
 */

/** The largest N that is counted exactly. */
export const EXACT_UP_TO = 256;

/** Into how many parts a window is cut when N is larger. */
export const BUCKETS = 60;

/** The counted requests of one key. */
export class SlidingWindow {
  /** How many are counted, those that have left but are not yet dropped among them. */
  total = 0;
  /** Times and counts in turn, oldest first; what stands before `#head` has left. */
  readonly #entries: number[] = [];
  #head = 0;

  /** The time of the newest; -Infinity where none is counted. */
  get newestMs(): number {
    return this.#entries[this.#entries.length - 2] ?? -Infinity;
  }

  /** The time of the oldest that is still counted. */
  get oldestMs(): number {
    return this.#entries[this.#head] ?? -Infinity;
  }

  /** Drops what has left the window, as seen from `fromMs`. */
  expire(fromMs: number, windowMs: number): void {
    const entries = this.#entries;
    let head = this.#head;
    while (head < entries.length && entries[head]! + windowMs <= fromMs) {
      this.total -= entries[head + 1]!;
      head += 2;
    }
    // Moving the rest down only when it is the smaller half costs each entry one move at most.
    if (head * 2 >= entries.length) {
      entries.copyWithin(0, head);
      entries.length -= head;
      head = 0;
    }
    this.#head = head;
  }

  /** When fewer than `limit` will be counted: N may have been lowered since, so more than one may have to leave. */
  freeAtMs(limit: number, windowMs: number): number {
    const entries = this.#entries;
    let at = this.#head;
    let left = this.total - entries[at + 1]!;
    while (left >= limit) {
      at += 2;
      left -= entries[at + 1]!;
    }
    return entries[at]! + windowMs;
  }

  /** Counts one more request, at a time that is not before the newest. */
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
