/** Counts the slots and waiters of each caller, for `concurrency-limiter.ts`. It exists only while slots are scarce. */
import { callerOf, type CallersExchange } from './caller.js';
import type { Linked } from './linked-list.js';

export interface Waiter {
  readonly exchange: CallersExchange;
  /** Gives the waiter a slot. Returns false where it no longer needs one; then the next waiter gets it. */
  onSlot(): boolean;
  /** A caller with fewer waiters took its place in the queue. */
  onCrowdedOut(): void;
  /** The caller was revoked. */
  onTokenEnded(): void;
}

/** The holder of a slot. */
export interface Holder extends Linked<Holder> {
  readonly exchange: CallersExchange;
  onTokenEnded(): void;
}

interface Caller {
  held: number;
  /** When it last returned a slot, by the counter of arrivals. */
  servedAt: number;
  /** The waiters with their order of arrival among all waiters. */
  readonly waiters: Map<Waiter, number>;
}

/** The shares of the callers at one limiter. It starts from the current holders. */
export class Shares {
  waiting = 0;
  #counter = 0;
  readonly #callers = new Map<string, Caller>();

  constructor(holders: Iterable<Holder>) {
    for (const holder of holders) this.add(holder);
  }

  heldBy(caller: string): number {
    return this.#callers.get(caller)?.held ?? 0;
  }

  add({ exchange }: Holder): void {
    this.#entryOf(callerOf(exchange)).held += 1;
  }

  remove({ exchange }: Holder): void {
    const caller = callerOf(exchange);
    const entry = this.#callers.get(caller);
    if (!entry) return;
    entry.held -= 1;
    entry.servedAt = this.#counter += 1;
    this.#deleteIfEmpty(caller, entry);
  }

  wait(waiter: Waiter): void {
    this.#entryOf(callerOf(waiter.exchange)).waiters.set(waiter, (this.#counter += 1));
    this.waiting += 1;
  }

  cancel(waiter: Waiter): void {
    const caller = callerOf(waiter.exchange);
    const entry = this.#callers.get(caller);
    if (!entry?.waiters.delete(waiter)) return;
    this.waiting -= 1;
    this.#deleteIfEmpty(caller, entry);
  }

  /**
   * The waiter whose caller holds the fewest slots; among equals the one that has waited longest since its caller
   * returned a slot. So with a single slot, callers alternate.
   */
  next(): Waiter | undefined {
    let best: Waiter | undefined;
    let fewest = Infinity;
    let earliest = Infinity;
    for (const { held, servedAt, waiters } of this.#callers.values()) {
      if (held > fewest) continue;
      for (const [waiter, arrival] of waiters) {
        const since = Math.max(arrival, servedAt);
        if (held < fewest || since < earliest) [best, fewest, earliest] = [waiter, held, since];
        break;
      }
    }
    return best;
  }

  /**
   * The waiter that leaves a full queue for this caller: one of the caller with the most, if that is more than its own.
   */
  crowdedOutBy(caller: string): Waiter | undefined {
    let most = (this.#callers.get(caller)?.waiters.size ?? 0) + 1;
    let found: Waiter | undefined;
    for (const { waiters } of this.#callers.values()) {
      if (waiters.size <= most) continue;
      most = waiters.size;
      [found] = waiters.keys();
    }
    return found;
  }

  /**
   * Whether this caller must yield a slot that it holds, instead of using it again: to a waiter of its own, or to one
   * whose caller would still hold fewer slots with one more.
   */
  mustYield(caller: string): boolean {
    const mine = this.heldBy(caller);
    for (const [other, { held, waiters }] of this.#callers) {
      if (waiters.size > 0 && (other === caller || held + 1 < mine)) return true;
    }
    return false;
  }

  *waiters(): Iterable<Waiter> {
    for (const { waiters } of this.#callers.values()) yield* waiters.keys();
  }

  #entryOf(caller: string): Caller {
    let entry = this.#callers.get(caller);
    if (!entry) this.#callers.set(caller, (entry = { held: 0, servedAt: 0, waiters: new Map() }));
    return entry;
  }

  #deleteIfEmpty(caller: string, { held, waiters }: Caller): void {
    if (held === 0 && waiters.size === 0) this.#callers.delete(caller);
  }
}
