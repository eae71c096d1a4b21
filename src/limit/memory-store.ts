/**
 * Counts limits in this process: the store of a gateway without Redis, and of `on_failure: local` while Redis is
 * unavailable.
 *
 * A key that still counts a request is never dropped for another. Each request removes a few expired keys, from queues
 * in the order of expiry. Unauthenticated callers can change their addresses, so a part of the keys is reserved for
 * others.
 */
import type { LimitPolicy } from '../model/limit.js';
import { ExpiryQueue, type Expiring } from './expiry-queue.js';
import type { LimitStore, CheckResult } from './store.js';
import { ShardedMap } from './sharded-map.js';
import { SlidingWindow } from './window.js';

/** The fraction of the keys that unauthenticated callers cannot use. */
const RESERVE = 1 / 4;

/** A key with its window. */
class WindowEntry extends SlidingWindow implements Expiring<WindowEntry> {
  older: WindowEntry | undefined;
  newer: WindowEntry | undefined;

  constructor(
    readonly key: string,
    /** Whether it was created for an unauthenticated caller. */
    readonly isUnauthenticated: boolean,
  ) {
    super();
  }
}

export interface MemoryStore extends LimitStore {
  /** Sets another maximum, after a reload. Where there are more keys already, none is dropped. */
  resize(maxKeys: number): void;
}

export interface MemoryStoreOptions {
  /** The maximum number of keys. */
  readonly maxKeys: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Creates the store. `consume` is synchronous; it returns `full` where there is no room for a new key. */
export function createMemoryStore({ maxKeys: size, now }: MemoryStoreOptions): MemoryStore {
  let maxKeys = size;
  const keys = new ShardedMap<WindowEntry>();
  /** How many of the keys were created for unauthenticated callers. */
  let unauthenticated = 0;
  /** By window length: among keys with equal windows, the one counted longest ago expires first. */
  const queues = new Map<number, ExpiryQueue<WindowEntry>>();

  /** Removes expired keys, up to `most`. */
  function deleteExpired(most: number, fromMs: number): void {
    for (const [windowMs, queue] of queues) {
      for (let oldest = queue.oldest; oldest; oldest = queue.oldest) {
        if (oldest.newestMs + windowMs > fromMs) break;
        if (most-- === 0) return;
        queue.remove(oldest);
        keys.delete(oldest.key);
        if (oldest.isUnauthenticated) unauthenticated -= 1;
      }
    }
  }

  function count(
    key: string,
    found: WindowEntry | undefined,
    { requests, windowMs }: LimitPolicy,
    stampMs: number,
    isUnauthenticated: boolean,
  ): WindowEntry {
    let queue = queues.get(windowMs);
    if (!queue) queues.set(windowMs, (queue = new ExpiryQueue()));
    const entry = found ?? new WindowEntry(key, isUnauthenticated);
    if (found) queue.remove(found);
    else {
      keys.set(key, entry);
      if (isUnauthenticated) unauthenticated += 1;
    }
    queue.append(entry);
    entry.add(Math.max(stampMs, entry.newestMs), requests, windowMs);
    return entry;
  }

  return {
    consume(names, limits, isUnauthenticated = false): CheckResult {
      const nowMs = now();
      const fromMs = Math.floor(nowMs);
      const stampMs = Math.ceil(nowMs);
      // A request adds at most as many keys as it has limits. Removing as many first leaves room for them; removing one
      // more makes progress. It comes before the look-up, so that no key found below is removed.
      deleteExpired(names.length + 1, fromMs);

      const found: (WindowEntry | undefined)[] = [];
      let room = maxKeys - keys.size;
      if (isUnauthenticated) room = Math.min(room, maxKeys - Math.floor(maxKeys * RESERVE) - unauthenticated);
      let exhausted = -1;
      let freeAtMs = -Infinity;
      for (let i = 0; i < names.length; i++) {
        const entry = keys.get(names[i]!);
        found.push(entry);
        if (!entry) {
          room -= 1;
          continue;
        }
        const { requests, windowMs } = limits[i]!;
        entry.expire(entry.newestMs > stampMs ? entry.newestMs : fromMs, windowMs);
        if (entry.total < requests) continue;
        const free = entry.freeAtMs(requests, windowMs);
        if (free > freeAtMs) [exhausted, freeAtMs] = [i, free];
      }
      if (exhausted >= 0) {
        return {
          admitted: false,
          decidingLimit: exhausted,
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
        const entry = count(names[i]!, found[i], limit, stampMs, isUnauthenticated);
        const left = limit.requests - entry.total;
        const reset = entry.oldestMs + limit.windowMs;
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
