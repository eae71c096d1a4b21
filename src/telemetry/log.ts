/** The operator's log: one JSON object a line, by pino, written in batches so that a request never waits for the disk. */
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino, type Logger } from 'pino';
import type { LogSettings } from '../model/settings.js';
import { Batch } from './batch.js';

/** Writes one whole line, including its line end. */
export type WriteLine = (line: string) => void;

export interface OperatorLog {
  readonly log: Logger;
  /** Writes a line of level `info` that was formatted elsewhere; drops it if the log's level is higher. */
  readonly writeInfo: WriteLine;
  readonly setLevel: (level: LogSettings['level']) => void;
  /** Continues in a new file of the same name, after a rotation. If it cannot be opened, keeps the current one. */
  readonly reopen: () => void;
  /** Writes pending lines, as far as possible within 1 s, and closes the file. Later lines are dropped. */
  readonly close: () => Promise<void>;
}

/** Some hundred lines. Each batch wakes a thread; a crash loses the unwritten ones. */
const FILE_BATCH_BYTES = 32 * 1024;
/** PIPE_BUF: a pipe accepts this much atomically, so the lines of several workers do not mix. */
const PIPE_BATCH_BYTES = 4096;
const MAX_WAIT_MS = 500;
/** With a full disk or a stalled reader, at most this much is buffered in memory; further lines are dropped. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const CLOSE_MS = 1000;
const STANDARD_OUTPUT = 1;

type Destination = ReturnType<typeof pino.destination>;

/**
 * Opens the operator's log.
 * @param worker the worker's number, written in every line; undefined: a single process
 * @throws Error if the file cannot be opened
 */
export function createLog(
  { level, file }: Pick<LogSettings, 'level' | 'file'>,
  worker?: number,
): OperatorLog {
  const maxBytes = file === undefined ? PIPE_BATCH_BYTES : FILE_BATCH_BYTES;
  let destination = openDestination(file, maxBytes);
  const batch = new Batch(maxBytes, (text) => destination.write(text));
  const log = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => batch.add(line) },
  );
  const timer = setInterval(() => {
    batch.flush();
    // Retries what could not be written.
    destination.flush();
  }, MAX_WAIT_MS).unref();
  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    clearInterval(timer);
    log.level = 'silent';
    batch.flush();
    return end(destination);
  }

  return {
    log,
    writeInfo(line) {
      if (log.isLevelEnabled('info')) batch.add(line);
    },
    setLevel(to) {
      if (closed === undefined) log.level = to;
    },
    reopen() {
      if (file === undefined || closed !== undefined) return;
      batch.flush();
      const previous = destination;
      try {
        destination = openDestination(file, maxBytes);
      } catch (error) {
        log.error({ err: error }, 'the log cannot be reopened');
        return;
      }
      void end(previous);
    },
    close: () => (closed ??= close()),
  };
}

function openDestination(file: string | undefined, maxBytes: number): Destination {
  const destination = pino.destination({
    dest: file === undefined ? STANDARD_OUTPUT : openFile(file),
    sync: false,
    // Each batch is written as soon as the previous one is done.
    minLength: 1,
    maxWrite: maxBytes,
    maxLength: MAX_PENDING_BYTES,
  });
  // Without a listener a full disk would end the process; with it, lines are buffered until there is room.
  let isBroken = false;
  destination.on('error', (error: Error) => {
    if (!isBroken) process.stderr.write(`tollgate: the log cannot be written: ${error.message}\n`);
    isBroken = true;
  });
  destination.on('drain', () => (isBroken = false));
  return destination;
}

/** Does not use `flushSync`, which retries for ever if nothing can be written. */
function end(destination: Destination): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(resolve, CLOSE_MS);
    destination.once('error', () => destination.destroy());
    destination.once('close', () => {
      clearTimeout(deadline);
      resolve();
    });
    destination.end();
  });
}

/** Opens synchronously, so that an unwritable log is detected before the first request. */
function openFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, 'a');
}
