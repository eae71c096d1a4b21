/** Keeps a serving gateway running when background work fails, and logs Node's warnings. Called by `serve.ts`. */
import type { Log } from '../model/log.js';

/** The name of the function by which Node prints warnings. */
const NODES_LISTENER = 'onWarning';

/**
 * Logs unhandled rejections, in place of Node's default, which ends the process. They come from background work, such as a
 * client library or a timer. Requests handle their own errors and are not affected. Warnings of Node and of libraries are
 * logged too, in place of Node's lines on standard error, which have another form and no bound.
 *
 * @returns a function that restores Node's default
 */
export function logUnhandled(log: Pick<Log, 'warn' | 'error'>): () => void {
  const onRejection = (error: unknown): void => {
    log.error({ err: error }, 'background work failed: a promise was rejected and nothing handled it');
  };
  const logWarning = (warning: Error): void => log.warn({ err: warning }, 'a warning of Node');
  // None with NODE_NO_WARNINGS=1, and for a second gateway of the process: then nothing is replaced.
  const printers = process.listeners('warning').filter(({ name }) => name === NODES_LISTENER);
  process.on('unhandledRejection', onRejection);
  for (const printer of printers) process.off('warning', printer).on('warning', logWarning);
  return () => {
    process.off('unhandledRejection', onRejection);
    for (const printer of printers) process.off('warning', logWarning).on('warning', printer);
  };
}
