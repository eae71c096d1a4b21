/**
 * A doubly linked list for `concurrency-limiter.ts`. The items hold the links, so adding and removing allocates
 * nothing.
 */

export interface Linked<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** An item can be in one list only, and once. */
export class LinkedList<T extends Linked<T>> implements Iterable<T> {
  #oldest: T | undefined;
  #newest: T | undefined;

  append(item: T): void {
    item.older = this.#newest;
    if (this.#newest) this.#newest.newer = item;
    else this.#oldest = item;
    this.#newest = item;
  }

  /** Removes an item, which must be in this list. */
  remove(item: T): void {
    if (item.older) item.older.newer = item.newer;
    else this.#oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    item.older = item.newer = undefined;
  }

  /** Iterates from the oldest item. The list must not change meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#oldest; item; item = item.newer) yield item;
  }
}
