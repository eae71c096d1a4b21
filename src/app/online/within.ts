/** Bounds the time of a question, also where what it does cannot be aborted. */

/**
 * Resolves and rejects as the work does. The work has to reject soon after the signal aborts; if it does not, this rejects
 * half a second later.
 * @param timeoutMs after which the signal aborts
 */
export async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = setTimeout(() => controller.abort(), timeoutMs);
  let lateTimer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    lateTimer = setTimeout(() => reject(new Error('no reply in time')), timeoutMs + 500);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(abort);
    clearTimeout(lateTimer);
  }
}

/** Rejects when the signal aborts, with the error that `make` returns. Never resolves. */
export function aborted(signal: AbortSignal, make: () => Error): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(make());
    else signal.addEventListener('abort', () => reject(make()), { once: true });
  });
}
