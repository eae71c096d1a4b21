/** A doubly linked list of the memory store's keys with one window length, in the order of their last count. */

/** An item of the queue. It has its own links, so that moving it allocates nothing. */
export interface Expiring<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** A queue with O(1) append and removal at any position. */
export class ExpiryQueue<T extends Expiring<T>> {
  oldest: T | undefined;
  #newest: T | undefined;

  /** Adds an item as the newest one. */
  append(item: T): void {
    item.older = this.#newest;
    if (this.#newest) this.#newest.newer = item;
    else this.oldest = item;
    this.#newest = item;
  }

  /** Removes an item that is in the queue. */
  remove(item: T): void {
    if (item.older) item.older.newer = item.newer;
    else this.oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    item.older = item.newer = undefined;
  }
}
