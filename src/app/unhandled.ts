/** Keeps a serving gateway running when background work fails. Called by `serve.ts`. */
import type { Log } from '../model/log.js';

/**
 * Logs unhandled rejections, in place of Node's default, which ends the process. They come from background work, such as a
 * client library or a timer. Requests handle their own errors and are not affected.
 *
 * @returns a function that restores Node's default
 */
export function logUnhandledRejections(log: Log): () => void {
  const onRejection = (error: unknown): void => {
    log.error({ err: error }, 'background work failed: a promise was rejected and nothing handled it');
  };
  process.on('unhandledRejection', onRejection);
  return () => void process.off('unhandledRejection', onRejection);
}
