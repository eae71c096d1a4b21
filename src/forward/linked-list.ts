/** A doubly linked list of objects that hold their own links, so that adding and removing one allocates nothing. */

export interface Linked<T> {
  older: T | undefined;
  newer: T | undefined;
}

export class LinkedList<T extends Linked<T>> implements Iterable<T> {
  #oldest: T | undefined;
  #newest: T | undefined;

  append(item: T): void {
    item.older = this.#newest;
    if (this.#newest) this.#newest.newer = item;
    else this.#oldest = item;
    this.#newest = item;
  }

  /** Removes an item that is in this list. */
  remove(item: T): void {
    if (item.older) item.older.newer = item.newer;
    else this.#oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    item.older = item.newer = undefined;
  }

  /** From the oldest. The list must not change meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#oldest; item; item = item.newer) yield item;
  }
}
