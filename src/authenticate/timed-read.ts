/** Authenticate, an issuer's keys: one reading of their document, with a deadline. */
import { KeySourceError, type KeySourceDetails } from './key-source-error.js';
import type { ReadDocument } from './key-source.js';

/** For all of one reading: discovery, connections, headers and bodies. */
const READ_TIMEOUT_MS = 5_000;

export interface TimedRead {
  /** Rejects with a KeySourceError after 5 s, or when it is stopped. */
  read(): Promise<unknown>;
  /** Gives up what is being read. */
  stop(): void;
}

/** The deadline holds for what cannot be aborted as well, such as a connection that is still being made. */
export function createTimedRead(
  readDocument: ReadDocument,
  place: Pick<KeySourceDetails, 'url' | 'file'>,
): TimedRead {
  let giveUp: (() => void) | undefined;
  return {
    read() {
      const controller = new AbortController();
      return new Promise((resolve, reject) => {
        const stop = (why: string): void => {
          reject(new KeySourceError(why, place));
          controller.abort();
        };
        const deadline = setTimeout(stop, READ_TIMEOUT_MS, 'took too long').unref();
        giveUp = () => stop('is no longer wanted');
        readDocument(controller.signal)
          .finally(() => clearTimeout(deadline))
          .then(resolve, reject);
      });
    },
    stop: () => giveUp?.(),
  };
}
