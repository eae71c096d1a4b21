/**
 * Takes turns: of the work under one key only so much runs at once, and the rest waits in the order that it came.
 *
 * Credentials are checked in turn, so that what is under way never adds up to a cooldown: an honest app may ask for
 * fifty tokens at once, and of fifty wrong guesses at once no more than the limit is looked at.
 */

/** Runs the work when it is its turn; `crowded` where too much waits already. */
export type KeyedSemaphore = <T>(key: string, work: () => Promise<T>) => Promise<T | 'crowded'>;

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

export function createKeyedSemaphore(width: number, maxWaiting: number): KeyedSemaphore {
  const queues = new Map<string, Queue>();

  return async function inTurn(key, work) {
    let queue = queues.get(key);
    if (queue === undefined) queues.set(key, (queue = { running: 0, waiting: [] }));
    if (queue.running < width) {
      queue.running += 1;
    } else {
      const { waiting } = queue;
      if (waiting.length >= maxWaiting) return 'crowded';
      // Whoever leaves hands its place over: it is never free in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      leave(key, queue);
    }
  };

  function leave(key: string, queue: Queue): void {
    const next = queue.waiting.shift();
    if (next) {
      next();
      return;
    }
    queue.running -= 1;
    if (queue.running === 0) queues.delete(key);
  }
}
