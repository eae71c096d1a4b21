/** The last guard of a gate that serves: background work that fails must not end it. */
import type { Log } from '../model/log.js';

/**
 * Logs a promise that is rejected where nothing handles it, in place of Node's default, which ends the process. Such a
 * promise belongs to background work, a client's or a timer's: requests have their own handling, and are not affected.
 *
 * @returns puts Node's default back
 */
export function logUnhandledRejections(log: Log): () => void {
  const onRejection = (error: unknown): void => {
    log.error({ err: error }, 'background work failed: a promise was rejected and nothing handled it');
  };
  process.on('unhandledRejection', onRejection);
  return () => void process.off('unhandledRejection', onRejection);
}
