/**
 * Limits how many exchanges one target serves at once, with a bounded queue of waiters; for `target-pool.ts`. Callers
 * share both.
 *
 * A caller may take a slot only while it holds at most seven times as many as would stay free. So one caller alone gets
 * seven eighths, two get seven fifteenths each, and some stay free for a caller that holds none. (Dynamic thresholds:
 * Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998.) With fewer than eight slots none are kept free.
 * At any size a freed slot goes to the caller that holds the fewest.
 */
import { callerOf, type CallersExchange } from './caller.js';
import { LinkedList } from './linked-list.js';
import { Shares, type Holder, type Waiter } from './shares.js';

export type { Holder, Waiter } from './shares.js';

/** One caller may hold this many times the slots that stay free. */
const FREE_FACTOR = 7;
/** From this size on, some slots are kept free. */
const MIN_SHARED = 8;

/** The slots of one target, and the queue for them. */
export class ConcurrencyLimiter {
  #inUse = 0;
  readonly #holders = new LinkedList<Holder>();
  /** Undefined while slots are plentiful. Then callers are not counted. */
  #shares: Shares | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    readonly size: number,
    readonly queueSize: number,
  ) {}

  get idle(): boolean {
    return this.load === 0;
  }

  /** Exchanges in flight and waiting. */
  get load(): number {
    return this.#inUse + this.#waiting;
  }

  /** Whether one more would leave less than half of the slots free. */
  get isScarce(): boolean {
    return (this.#inUse + 1) * 2 > this.size;
  }

  /** Whether a slot is free. */
  get hasFreeSlot(): boolean {
    return this.#inUse < this.size;
  }

  get #waiting(): number {
    return this.#shares?.waiting ?? 0;
  }

  /** Returns `acquired` at once, `queued` until `onSlot`, `onCrowdedOut` or `cancel`, or `full`. */
  acquire(waiter: Waiter): 'acquired' | 'queued' | 'full' {
    if (this.tryAcquire(waiter.exchange)) return 'acquired';
    if (this.queueSize === 0) return 'full';
    const shares = (this.#shares ??= new Shares(this.#holders));
    if (shares.waiting >= this.queueSize) {
      const evicted = shares.crowdedOutBy(callerOf(waiter.exchange));
      if (evicted === undefined) return 'full';
      shares.cancel(evicted);
      evicted.onCrowdedOut();
    }
    shares.wait(waiter);
    return 'queued';
  }

  /** Whether a slot is free and the caller may take it. */
  admits(exchange: CallersExchange): boolean {
    return this.hasFreeSlot && this.#admits(exchange);
  }

  /** Takes a free slot. False where there is none or the caller holds too many. */
  tryAcquire(exchange: CallersExchange): boolean {
    return this.admits(exchange) && this.tryAcquireIgnoringShares();
  }

  /** Takes a free slot without regard to the caller. False where there is none. */
  tryAcquireIgnoringShares(): boolean {
    if (!this.hasFreeSlot) return false;
    this.#inUse += 1;
    return true;
  }

  /** Registers the holder of a slot that was taken. */
  add(holder: Holder): void {
    this.#holders.append(holder);
    this.#shares?.add(holder);
  }

  /** Removes a holder. Its slot stays taken until `release`, or for another holder. */
  remove(holder: Holder): void {
    this.#holders.remove(holder);
    this.#shares?.remove(holder);
  }

  /** Removes a waiter from the queue, if it is there. */
  cancel(waiter: Waiter): void {
    this.#shares?.cancel(waiter);
    this.#onChange();
  }

  /** Returns a slot without a holder. It goes to the next waiter whose caller may take it. */
  release(): void {
    this.#inUse -= 1;
    for (let next = this.#nextAdmitted(); next; next = this.#nextAdmitted()) {
      this.#shares?.cancel(next);
      this.#inUse += 1;
      if (!next.onSlot()) this.#inUse -= 1;
    }
    this.#onChange();
  }

  /** Whether this holder's caller, or a caller with fewer slots, waits for a slot. */
  isSlotWanted(holder: Holder): boolean {
    return this.#waiting > 0 && this.#shares?.mustYield(callerOf(holder.exchange)) === true;
  }

  /** All current holders and waiters. */
  holdersAndWaiters(): (Holder | Waiter)[] {
    return [...this.#holders, ...(this.#shares?.waiters() ?? [])];
  }

  /** Calls back each time the limiter has no holders and no waiters, starting now. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    this.#onChange();
  }

  #nextAdmitted(): Waiter | undefined {
    const next = this.#waiting > 0 ? this.#shares?.next() : undefined;
    return next && this.admits(next.exchange) ? next : undefined;
  }

  #admits(exchange: CallersExchange): boolean {
    const allowed = FREE_FACTOR * (this.size - this.#inUse - 1);
    // Where a single caller could hold all taken slots, counting callers is unnecessary.
    if (this.#inUse < allowed || this.size < MIN_SHARED) return true;
    const held = (this.#shares ??= new Shares(this.#holders)).heldBy(callerOf(exchange));
    return held === 0 || held < allowed;
  }

  #onChange(): void {
    // Well below the threshold, so that changes around it do not create the shares again and again.
    if (this.#shares?.waiting === 0 && this.#inUse < this.size / 2) this.#shares = undefined;
    if (this.idle) this.#onIdle?.();
  }
}
