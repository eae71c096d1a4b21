/**
 * What is alike goes together: items that come in one turn of the event loop are handed on at its end, all of them at
 * once. So checks share a call to Redis, and requests and answers leave one behind the other (docs/performance.md).
 */

/** @param flush must not throw: nobody would hear of it, and the process would end */
export function batchPerTick<T>(flush: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  const flushTick = (): void => {
    const items = waiting;
    waiting = [];
    flush(items);
  };
  return (item) => {
    if (waiting.push(item) === 1) setImmediate(flushTick);
  };
}
