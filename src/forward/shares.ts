/** How many slots each caller holds and who waits for one. Kept only while slots are scarce. */
import { callerOf, type CallersExchange } from './caller.js';
import type { Linked } from './linked-list.js';

export interface Waiter {
  readonly exchange: CallersExchange;
  /** A slot is free and now belongs to this waiter. False where it has no use for it any more: the next one has it. */
  onSlot(): boolean;
  /** Its place in the queue went to a caller with fewer waiters. */
  onCrowdedOut(): void;
  /** The caller was revoked. */
  onTokenEnded(): void;
}

/** What holds a slot. */
export interface Holder extends Linked<Holder> {
  readonly exchange: CallersExchange;
  onTokenEnded(): void;
}

interface Caller {
  held: number;
  /** When it last gave a slot back, in the order of arrivals. */
  servedAt: number;
  /** With the order of arrival among all waiters. */
  readonly waiters: Map<Waiter, number>;
}

export class Shares {
  waiting = 0;
  #arrivals = 0;
  readonly #callers = new Map<string, Caller>();

  constructor(holders: Iterable<Holder>) {
    for (const holder of holders) this.add(holder);
  }

  heldBy(caller: string): number {
    return this.#callers.get(caller)?.held ?? 0;
  }

  add({ exchange }: Holder): void {
    this.#enter(callerOf(exchange)).held += 1;
  }

  remove({ exchange }: Holder): void {
    const caller = callerOf(exchange);
    const entry = this.#callers.get(caller);
    if (!entry) return;
    entry.held -= 1;
    entry.servedAt = this.#arrivals += 1;
    this.#tidy(caller, entry);
  }

  wait(waiter: Waiter): void {
    this.#enter(callerOf(waiter.exchange)).waiters.set(waiter, (this.#arrivals += 1));
    this.waiting += 1;
  }

  leave(waiter: Waiter): void {
    const caller = callerOf(waiter.exchange);
    const entry = this.#callers.get(caller);
    if (!entry?.waiters.delete(waiter)) return;
    this.waiting -= 1;
    this.#tidy(caller, entry);
  }

  /**
   * Of the waiters whose caller holds the fewest slots, the one that has waited longest since that caller gave one
   * back: so where there is only one slot, callers take turns.
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

  /** The waiter that makes room in a full queue: of a caller with more waiters than this one would have. */
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

  /** Whether this caller waits itself, or one that would still hold fewer slots if it had one of this one's. */
  isOwed(caller: string): boolean {
    const mine = this.heldBy(caller);
    for (const [other, { held, waiters }] of this.#callers) {
      if (waiters.size > 0 && (other === caller || held + 1 < mine)) return true;
    }
    return false;
  }

  *waiters(): Iterable<Waiter> {
    for (const { waiters } of this.#callers.values()) yield* waiters.keys();
  }

  #enter(caller: string): Caller {
    let entry = this.#callers.get(caller);
    if (!entry) this.#callers.set(caller, (entry = { held: 0, servedAt: 0, waiters: new Map() }));
    return entry;
  }

  #tidy(caller: string, { held, waiters }: Caller): void {
    if (held === 0 && waiters.size === 0) this.#callers.delete(caller);
  }
}
