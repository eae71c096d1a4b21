/**
 * Counts limits in this process: the store of a gate without Redis, and of `on_failure: local` while Redis is unavailable.
 *
 * A key that counts something is never dropped to make room for another. Keys that no longer do are swept a few at
 * each request, from queues that hold them in the order in which they end. Unauthenticated callers, who can change
 * their addresses, leave a reserve to all other keys.
 */
import type { LimitPolicy } from '../model/limit.js';
import { ExpiryQueue, type Expiring } from './expiry-queue.js';
import type { LimitStore, CheckResult } from './store.js';
import { ShardedMap } from './sharded-map.js';
import { SlidingWindow } from './window.js';

/** The part of all keys that unauthenticated callers cannot use. */
const RESERVE = 1 / 4;

/** One key and what it counts. */
class WindowEntry extends SlidingWindow implements Expiring<WindowEntry> {
  older: WindowEntry | undefined;
  newer: WindowEntry | undefined;

  constructor(
    readonly key: string,
    /** Whether it was made for an unauthenticated caller. */
    readonly isStrangers: boolean,
  ) {
    super();
  }
}

export interface MemoryStore extends LimitStore {
  /** Follows a file that says another number of keys. Where there are more already, none is dropped. */
  resize(maxKeys: number): void;
}

export interface MemoryStoreOptions {
  /** How many keys there may be at once. */
  readonly maxKeys: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function createMemoryStore({ maxKeys: size, now }: MemoryStoreOptions): MemoryStore {
  let maxKeys = size;
  const keys = new ShardedMap<WindowEntry>();
  /** How many of them are unauthenticated callers'. */
  let strangers = 0;
  /** By length of the window: among keys of equal windows, the one counted longest ago ends first. */
  const queues = new Map<number, ExpiryQueue<WindowEntry>>();

  /** Frees as many keys as there are that have ended, up to `most`. */
  function sweep(most: number, fromMs: number): void {
    for (const [windowMs, queue] of queues) {
      for (let oldest = queue.oldest; oldest; oldest = queue.oldest) {
        if (oldest.newestMs + windowMs > fromMs) break;
        if (most-- === 0) return;
        queue.remove(oldest);
        keys.delete(oldest.key);
        if (oldest.isStrangers) strangers -= 1;
      }
    }
  }

  function count(
    key: string,
    found: WindowEntry | undefined,
    { requests, windowMs }: LimitPolicy,
    stampMs: number,
    isStrangers: boolean,
  ): WindowEntry {
    let queue = queues.get(windowMs);
    if (!queue) queues.set(windowMs, (queue = new ExpiryQueue()));
    const counted = found ?? new WindowEntry(key, isStrangers);
    if (found) queue.remove(found);
    else {
      keys.set(key, counted);
      if (isStrangers) strangers += 1;
    }
    queue.append(counted);
    counted.add(Math.max(stampMs, counted.newestMs), requests, windowMs);
    return counted;
  }

  return {
    consume(names, limits, isStrangers = false): CheckResult {
      const clock = now();
      const fromMs = Math.floor(clock);
      const stampMs = Math.ceil(clock);
      // A request adds as many keys as it has limits, so sweeping as many first leaves no ended key in the way of a
      // new one; one more makes progress. It comes before the look-up, so that nothing found here is swept.
      sweep(names.length + 1, fromMs);

      const found: (WindowEntry | undefined)[] = [];
      let room = maxKeys - keys.size;
      if (isStrangers) room = Math.min(room, maxKeys - Math.floor(maxKeys * RESERVE) - strangers);
      let refusing = -1;
      let freeAtMs = -Infinity;
      for (let i = 0; i < names.length; i++) {
        const counted = keys.get(names[i]!);
        found.push(counted);
        if (!counted) {
          room -= 1;
          continue;
        }
        const { requests, windowMs } = limits[i]!;
        counted.expire(counted.newestMs > stampMs ? counted.newestMs : fromMs, windowMs);
        if (counted.total < requests) continue;
        const free = counted.freeAtMs(requests, windowMs);
        if (free > freeAtMs) [refusing, freeAtMs] = [i, free];
      }
      if (refusing >= 0) {
        return {
          admitted: false,
          decidingLimit: refusing,
          remaining: 0,
          resetAtMs: freeAtMs,
          waitMs: freeAtMs - fromMs,
        };
      }
      if (room < 0) return 'full';

      let index = 0;
      let remaining = Infinity;
      let resetAtMs = 0;
      for (let i = 0; i < names.length; i++) {
        const limit = limits[i]!;
        const counted = count(names[i]!, found[i], limit, stampMs, isStrangers);
        const left = limit.requests - counted.total;
        const reset = counted.oldestMs + limit.windowMs;
        if (left < remaining || (left === remaining && reset > resetAtMs)) {
          index = i;
          remaining = left;
          resetAtMs = reset;
        }
      }
      return { admitted: true, decidingLimit: index, remaining, resetAtMs, waitMs: resetAtMs - fromMs };
    },
    resize(to) {
      maxKeys = to;
    },
  };
}
