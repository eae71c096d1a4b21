/** Authenticate, issuer keys: reads their document with a deadline. Called by `key-set.ts`. */
import { KeySourceError, type KeySourceDetails } from './key-source-error.js';
import type { ReadDocument } from './key-source.js';

/** For a whole reading: discovery, connections, headers and bodies. */
const READ_TIMEOUT_MS = 5_000;

export interface TimedRead {
  /** Rejects with a KeySourceError after 5 s, or when it is stopped. */
  read(): Promise<unknown>;
  /** Aborts the reading in progress. */
  stop(): void;
}

/** Adds a deadline to a reading. It also ends what cannot be aborted, such as a connection that is being opened. */
export function createTimedRead(
  readDocument: ReadDocument,
  place: Pick<KeySourceDetails, 'url' | 'file'>,
): TimedRead {
  let abort: (() => void) | undefined;
  return {
    read() {
      const controller = new AbortController();
      return new Promise((resolve, reject) => {
        const stop = (reason: string): void => {
          reject(new KeySourceError(reason, place));
          controller.abort();
        };
        const deadline = setTimeout(stop, READ_TIMEOUT_MS, 'took too long').unref();
        abort = () => stop('is no longer wanted');
        readDocument(controller.signal)
          .finally(() => clearTimeout(deadline))
          .then(resolve, reject);
      });
    },
    stop: () => abort?.(),
  };
}
