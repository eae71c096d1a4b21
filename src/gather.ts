/**
 * What is alike goes together: items that come in one turn of the event loop are handed on at its end, all of them at
 * once. So checks share a call to Redis, and requests and answers leave one behind the other (docs/performance.md).
 */

/** @param handOn must not throw: nobody would hear of it, and the process would end */
export function gather<T>(handOn: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  const flush = (): void => {
    const items = waiting;
    waiting = [];
    handOn(items);
  };
  return (item) => {
    if (waiting.push(item) === 1) setImmediate(flush);
  };
}
