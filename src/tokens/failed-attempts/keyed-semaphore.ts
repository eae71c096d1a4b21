/**
 * A semaphore per key: limits how many calls run at once under one key; the others wait in order of arrival.
 *
 * Credentials are checked under it, so that unfinished attempts never add up to a cooldown. An honest app may request
 * fifty tokens at once; of fifty concurrent wrong guesses no more than the limit are checked.
 */

/** Runs `work` when its key has a free slot; `queue_full` if too many wait. Rejects if `work` does. */
export type KeyedSemaphore = <T>(key: string, work: () => Promise<T>) => Promise<T | 'queue_full'>;

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

/** Creates a semaphore. `width` calls run at once under each key, and at most `maxWaiting` wait. */
export function createKeyedSemaphore(width: number, maxWaiting: number): KeyedSemaphore {
  const queues = new Map<string, Queue>();

  return async function run(key, work) {
    let queue = queues.get(key);
    if (queue === undefined) queues.set(key, (queue = { running: 0, waiting: [] }));
    if (queue.running < width) {
      queue.running += 1;
    } else {
      const { waiting } = queue;
      if (waiting.length >= maxWaiting) return 'queue_full';
      // The slot goes directly to the next waiter and is never free in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      release(key, queue);
    }
  };

  function release(key: string, queue: Queue): void {
    const next = queue.waiting.shift();
    if (next) {
      next();
      return;
    }
    queue.running -= 1;
    if (queue.running === 0) queues.delete(key);
  }
}
