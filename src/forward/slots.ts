/** How many exchanges one target serves at once, and the bounded queue of those that wait for their turn. */

export interface Waiter {
  /** A slot is free and now belongs to this waiter. */
  onSlot(): void;
}

export class Slots {
  #taken = 0;
  /** A Set keeps the order of arrival, and whoever gives up leaves it at once. */
  readonly #queue = new Set<Waiter>();
  #onIdle: (() => void) | undefined;

  constructor(
    readonly size: number,
    readonly queueSize: number,
  ) {}

  get idle(): boolean {
    return this.#taken === 0 && this.#queue.size === 0;
  }

  /** `taken` at once, `queued` until `onSlot` or `leave`, or `full`. */
  take(waiter: Waiter): 'taken' | 'queued' | 'full' {
    if (this.#taken < this.size) {
      this.#taken += 1;
      return 'taken';
    }
    if (this.#queue.size >= this.queueSize) return 'full';
    this.#queue.add(waiter);
    return 'queued';
  }

  /** Gives up waiting. */
  leave(waiter: Waiter): void {
    this.#queue.delete(waiter);
    this.#tellIdle();
  }

  /** Gives a slot back: the one that waits longest has it next. */
  release(): void {
    for (const waiter of this.#queue) {
      this.#queue.delete(waiter);
      waiter.onSlot();
      return;
    }
    this.#taken -= 1;
    this.#tellIdle();
  }

  /** Calls back each time that nobody holds a slot and nobody waits, beginning now. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.idle) this.#onIdle?.();
  }
}
