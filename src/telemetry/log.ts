/** The operator's log: one JSON object a line, by pino, written in batches so that a request never waits for a disk. */
import { pino, type Logger } from 'pino';
import type { LogSettings } from '../model/settings.js';

export interface OperatorLog {
  readonly log: Logger;
  /** Writes what is waiting; to be called before the process ends. */
  flush(): void;
}

const BATCH_BYTES = 4096;
const LONGEST_WAIT_MS = 500;
const STANDARD_OUTPUT = 1;

export function createLog({ level, file }: LogSettings): OperatorLog {
  const destination = pino.destination({
    dest: file ?? STANDARD_OUTPUT,
    sync: false,
    mkdir: true,
    minLength: BATCH_BYTES,
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  setInterval(() => destination.flush(), LONGEST_WAIT_MS).unref();
  return { log, flush: () => destination.flushSync() };
}
