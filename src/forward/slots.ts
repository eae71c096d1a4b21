/** How many exchanges one target serves at once, and the bounded queue of those that wait for their turn. */

export interface Waiter {
  /** A slot is free and now belongs to this waiter. False where it has no use for it any more: the next one has it. */
  onSlot(): boolean;
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
    return this.load === 0;
  }

  /** Exchanges under way and waiting. */
  get load(): number {
    return this.#taken + this.#queue.size;
  }

  /** Whether one more would be served at once. */
  get hasRoom(): boolean {
    return this.#taken < this.size;
  }

  /** `taken` at once, `queued` until `onSlot` or `leave`, or `full`. */
  take(waiter: Waiter): 'taken' | 'queued' | 'full' {
    if (this.takeFree()) return 'taken';
    if (this.#queue.size >= this.queueSize) return 'full';
    this.#queue.add(waiter);
    return 'queued';
  }

  /** A slot at once, or none. */
  takeFree(): boolean {
    if (!this.hasRoom) return false;
    this.#taken += 1;
    return true;
  }

  /** Gives up waiting. */
  leave(waiter: Waiter): void {
    this.#queue.delete(waiter);
    this.#tellIdle();
  }

  /** Gives a slot back: of those that wait, the one that has waited longest has it next. */
  release(): void {
    for (const waiter of this.#queue) {
      this.#queue.delete(waiter);
      if (waiter.onSlot()) return;
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
