/**
 * How many exchanges one target serves at once, and the bounded queue of those that wait for a slot. Callers share both.
 *
 * A caller may take a slot only while it holds at most seven times as many as would stay free: one caller alone gets
 * seven eighths, two get seven fifteenths each, and some stay free for a caller that holds none. (Dynamic thresholds:
 * Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998.) A target with fewer than eight slots is too
 * small for that; there a freed slot goes to the caller that holds the fewest, as it does everywhere.
 */
import { callerOf, type CallersExchange } from './caller.js';
import { LinkedList } from './linked-list.js';
import { Shares, type Holder, type Waiter } from './shares.js';

export type { Holder, Waiter } from './shares.js';

/** How many times as many slots as stay free one caller may hold. */
const FREE_FACTOR = 7;
/** The fewest slots with which some are kept free. */
const LEAST_SHARED = 8;

export class ConcurrencyLimiter {
  #taken = 0;
  readonly #holders = new LinkedList<Holder>();
  /** Undefined while slots are plenty, so that nobody is counted then. */
  #shares: Shares | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    readonly size: number,
    readonly queueSize: number,
  ) {}

  get idle(): boolean {
    return this.load === 0;
  }

  /** Exchanges under way and waiting. */
  get load(): number {
    return this.#taken + this.#waiting;
  }

  /** Whether one more would leave less than half of the slots free. */
  get isScarce(): boolean {
    return (this.#taken + 1) * 2 > this.size;
  }

  /** Whether a slot is free. */
  get hasRoom(): boolean {
    return this.#taken < this.size;
  }

  get #waiting(): number {
    return this.#shares?.waiting ?? 0;
  }

  /** `taken` at once, `queued` until `onSlot`, `onCrowdedOut` or `leave`, or `full`. */
  take(waiter: Waiter): 'taken' | 'queued' | 'full' {
    if (this.takeFor(waiter.exchange)) return 'taken';
    if (this.queueSize === 0) return 'full';
    const shares = (this.#shares ??= new Shares(this.#holders));
    if (shares.waiting >= this.queueSize) {
      const other = shares.crowdedOutBy(callerOf(waiter.exchange));
      if (other === undefined) return 'full';
      shares.leave(other);
      other.onCrowdedOut();
    }
    shares.wait(waiter);
    return 'queued';
  }

  /** Whether a slot is free that the caller may take. */
  admits(exchange: CallersExchange): boolean {
    return this.hasRoom && this.#admits(exchange);
  }

  /** Takes a slot at once, unless there is none or the caller holds too many. */
  takeFor(exchange: CallersExchange): boolean {
    return this.admits(exchange) && this.takeFree();
  }

  /** Takes a slot at once for whichever caller, unless there is none. */
  takeFree(): boolean {
    if (!this.hasRoom) return false;
    this.#taken += 1;
    return true;
  }

  /** Tells who holds a slot that was taken. */
  add(holder: Holder): void {
    this.#holders.append(holder);
    this.#shares?.add(holder);
  }

  /** The slot of this holder stays taken, for another one. */
  remove(holder: Holder): void {
    this.#holders.remove(holder);
    this.#shares?.remove(holder);
  }

  /** Gives up waiting. */
  leave(waiter: Waiter): void {
    this.#shares?.leave(waiter);
    this.#settle();
  }

  /** Gives a slot back whose holder was removed or never added. The next waiter has it, if its caller may. */
  release(): void {
    this.#taken -= 1;
    for (let next = this.#nextAdmitted(); next; next = this.#nextAdmitted()) {
      this.#shares?.leave(next);
      this.#taken += 1;
      if (!next.onSlot()) this.#taken -= 1;
    }
    this.#settle();
  }

  /** Whether a slot is waited for by this holder's own caller, or by one with fewer slots. */
  isWanted(holder: Holder): boolean {
    return this.#waiting > 0 && this.#shares?.isOwed(callerOf(holder.exchange)) === true;
  }

  /** All that hold a slot and all that wait, as they are now. */
  everyone(): (Holder | Waiter)[] {
    return [...this.#holders, ...(this.#shares?.waiters() ?? [])];
  }

  /** Calls back each time that nobody holds a slot and nobody waits, beginning now. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    this.#settle();
  }

  #nextAdmitted(): Waiter | undefined {
    const next = this.#waiting > 0 ? this.#shares?.next() : undefined;
    return next && this.admits(next.exchange) ? next : undefined;
  }

  #admits(exchange: CallersExchange): boolean {
    const most = FREE_FACTOR * (this.size - this.#taken - 1);
    // Where the slots that are taken are few enough for one caller, nobody needs to be counted.
    if (this.#taken < most || this.size < LEAST_SHARED) return true;
    const held = (this.#shares ??= new Shares(this.#holders)).heldBy(callerOf(exchange));
    return held === 0 || held < most;
  }

  #settle(): void {
    // Not at the threshold itself, or the shares would be made anew at each change across it.
    if (this.#shares?.waiting === 0 && this.#taken < this.size / 2) this.#shares = undefined;
    if (this.idle) this.#onIdle?.();
  }
}
