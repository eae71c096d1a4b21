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
import type { CheckResult, LimitDecision, LimitState, LimitStore } from './store.js';
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
  inspect(keys: readonly string[], limits: readonly LimitPolicy[]): readonly LimitState[];
  /** Sets another maximum, after a reload. Where there are more keys already, none is dropped. */
  resize(maxKeys: number): void;
}

export interface MemoryStoreOptions {
  /** The maximum number of keys. */
  readonly maxKeys: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Creates the store. It is synchronous; `consume` returns `full` where there is no room for a new key. */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  return new WindowStore(options);
}

class WindowStore implements MemoryStore {
  #maxKeys: number;
  readonly #now: () => number;
  readonly #keys = new ShardedMap<WindowEntry>();
  /** How many of the keys were created for unauthenticated callers. */
  #unauthenticated = 0;
  /** By window length: among keys with equal windows, the one counted longest ago expires first. */
  readonly #queues = new Map<number, ExpiryQueue<WindowEntry>>();

  constructor({ maxKeys, now }: MemoryStoreOptions) {
    this.#maxKeys = maxKeys;
    this.#now = now;
  }

  consume(
    names: readonly string[],
    limits: readonly LimitPolicy[],
    withStates = false,
    isUnauthenticated = false,
  ): CheckResult {
    const nowMs = this.#now();
    const fromMs = Math.floor(nowMs);
    const stampMs = Math.ceil(nowMs);
    // A request adds at most as many keys as it has limits. Removing as many first leaves room for them; removing one
    // more makes progress. It comes before the look-up, so that no key found below is removed.
    this.#deleteExpired(names.length + 1, fromMs);

    const found: (WindowEntry | undefined)[] = [];
    let room = this.#roomFor(isUnauthenticated);
    let exhausted = -1;
    let freeAtMs = -Infinity;
    for (let i = 0; i < names.length; i++) {
      const entry = this.#keys.get(names[i]!);
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
    let decision: LimitDecision;
    if (exhausted >= 0) {
      decision = {
        admitted: false,
        decidingLimit: exhausted,
        remaining: 0,
        resetAtMs: freeAtMs,
        waitMs: freeAtMs - fromMs,
      };
    } else {
      if (room < 0) return 'full';
      decision = this.#countAll(names, found, limits, nowMs, isUnauthenticated);
    }
    return withStates ? { ...decision, states: this.inspect(names, limits, nowMs) } : decision;
  }

  inspect(
    names: readonly string[],
    limits: readonly LimitPolicy[],
    nowMs = this.#now(),
  ): readonly LimitState[] {
    const fromMs = Math.floor(nowMs);
    const stampMs = Math.ceil(nowMs);
    return names.map((name, i) => {
      const { requests, windowMs } = limits[i]!;
      const entry = this.#keys.get(name);
      if (!entry) return { used: 0, remaining: requests, resetAtMs: fromMs };
      return entry.stateAt(entry.newestMs > stampMs ? entry.newestMs : fromMs, requests, windowMs);
    });
  }

  resize(maxKeys: number): void {
    this.#maxKeys = maxKeys;
  }

  /** How many keys may be added for a caller. */
  #roomFor(isUnauthenticated: boolean): number {
    const room = this.#maxKeys - this.#keys.size;
    if (!isUnauthenticated) return room;
    return Math.min(room, this.#maxKeys - Math.floor(this.#maxKeys * RESERVE) - this.#unauthenticated);
  }

  /** Counts an admitted request under each of its limits. */
  #countAll(
    names: readonly string[],
    found: readonly (WindowEntry | undefined)[],
    limits: readonly LimitPolicy[],
    nowMs: number,
    isUnauthenticated: boolean,
  ): LimitDecision {
    const stampMs = Math.ceil(nowMs);
    let index = 0;
    let remaining = Infinity;
    let resetAtMs = 0;
    for (let i = 0; i < names.length; i++) {
      const limit = limits[i]!;
      const entry = this.#count(names[i]!, found[i], limit, stampMs, isUnauthenticated);
      const left = limit.requests - entry.total;
      const reset = entry.oldestMs + limit.windowMs;
      if (left < remaining || (left === remaining && reset > resetAtMs)) {
        index = i;
        remaining = left;
        resetAtMs = reset;
      }
    }
    const waitMs = resetAtMs - Math.floor(nowMs);
    return { admitted: true, decidingLimit: index, remaining, resetAtMs, waitMs };
  }

  #count(
    key: string,
    found: WindowEntry | undefined,
    { requests, windowMs }: LimitPolicy,
    stampMs: number,
    isUnauthenticated: boolean,
  ): WindowEntry {
    let queue = this.#queues.get(windowMs);
    if (!queue) this.#queues.set(windowMs, (queue = new ExpiryQueue()));
    const entry = found ?? new WindowEntry(key, isUnauthenticated);
    if (found) queue.remove(found);
    else {
      this.#keys.set(key, entry);
      if (isUnauthenticated) this.#unauthenticated += 1;
    }
    queue.append(entry);
    entry.add(Math.max(stampMs, entry.newestMs), requests, windowMs);
    return entry;
  }

  /** Removes expired keys, up to `most`. */
  #deleteExpired(most: number, fromMs: number): void {
    let left = most;
    for (const [windowMs, queue] of this.#queues) {
      for (let oldest = queue.oldest; oldest; oldest = queue.oldest) {
        if (oldest.newestMs + windowMs > fromMs) break;
        if (left-- === 0) return;
        queue.remove(oldest);
        this.#keys.delete(oldest.key);
        if (oldest.isUnauthenticated) this.#unauthenticated -= 1;
      }
    }
  }
}
