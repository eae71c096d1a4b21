/**
 * Batches work per tick of the event loop: limit checks share one call to Redis, and requests to upstreams and responses
 * are written together (docs/performance.md). Called by `src/limit/`, `src/forward/` and `src/server/`.
 */

/**
 * Collects the items of one tick of the event loop and flushes them together at its end.
 *
 * @param flush must not throw: nothing catches the error, and the process would end
 */
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
