/** The operator's log: one JSON object a line, by pino, written in batches so that a request never waits for a disk. */
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino, type Logger } from 'pino';
import type { LogSettings } from '../model/settings.js';
import { Batch } from './batch.js';

/** Takes one whole line, its end included. */
export type WriteLine = (line: string) => void;

export interface OperatorLog {
  readonly log: Logger;
  /** For lines of the level `info` that are put together elsewhere; dropped where the level is higher. */
  readonly writeInfo: WriteLine;
  readonly setLevel: (level: LogSettings['level']) => void;
  /** Goes on in a new file of the same name, where the one before was moved away; where it cannot, in the one before. */
  readonly reopen: () => void;
  /** Writes what is waiting, as far as it can be written, and closes the file. What is logged later is lost. */
  readonly close: () => Promise<void>;
}

/** Some hundred lines: each batch costs the waking of a thread, and is what a crash loses. */
const MOST_FOR_A_FILE = 32 * 1024;
/** What a pipe takes in one piece (PIPE_BUF), so that the lines of several workers do not mix. */
const MOST_FOR_A_PIPE = 4096;
const LONGEST_WAIT_MS = 500;
/** With a full disk or a reader that has stopped, lines wait in memory: no more of them than this. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
const CLOSE_MS = 1000;
const STANDARD_OUTPUT = 1;

type Destination = ReturnType<typeof pino.destination>;

/**
 * @param worker stands in every line, where several processes write into one log
 * @throws where the file cannot be opened
 */
export function createLog(
  { level, file }: Pick<LogSettings, 'level' | 'file'>,
  worker?: number,
): OperatorLog {
  const mostBytes = file === undefined ? MOST_FOR_A_PIPE : MOST_FOR_A_FILE;
  let destination = openDestination(file, mostBytes);
  const batch = new Batch(mostBytes, (text) => destination.write(text));
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
    // What could not be written is tried again.
    destination.flush();
  }, LONGEST_WAIT_MS).unref();
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
      const before = destination;
      try {
        destination = openDestination(file, mostBytes);
      } catch (error) {
        log.error({ err: error }, 'the log cannot be opened anew');
        return;
      }
      void end(before);
    },
    close: () => (closed ??= close()),
  };
}

function openDestination(file: string | undefined, mostBytes: number): Destination {
  const destination = pino.destination({
    dest: file === undefined ? STANDARD_OUTPUT : openFile(file),
    sync: false,
    // A batch is written as soon as the one before it is.
    minLength: 1,
    maxWrite: mostBytes,
    maxLength: MOST_WAITING_BYTES,
  });
  // Without a listener a full disk would end the process; with it, the lines wait until there is room.
  let isBroken = false;
  destination.on('error', (error: Error) => {
    if (!isBroken) process.stderr.write(`tollgate: the log cannot be written: ${error.message}\n`);
    isBroken = true;
  });
  destination.on('drain', () => (isBroken = false));
  return destination;
}

/** Not `flushSync`: where nothing can be written it tries for ever. */
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

/** At once, so that a log that cannot be written is known before the first request. */
function openFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, 'a');
}
