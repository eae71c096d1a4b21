/** The memory store's keys of one window length, in the order in which they were last counted: a doubly linked list. */

/** What can stand in a queue; it holds its own links, so that moving it costs no memory. */
export interface Expiring<T> {
  older: T | undefined;
  newer: T | undefined;
}

export class ExpiryQueue<T extends Expiring<T>> {
  oldest: T | undefined;
  #newest: T | undefined;

  append(item: T): void {
    item.older = this.#newest;
    if (this.#newest) this.#newest.newer = item;
    else this.oldest = item;
    this.#newest = item;
  }

  remove(item: T): void {
    if (item.older) item.older.newer = item.newer;
    else this.oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    item.older = item.newer = undefined;
  }
}
