/** The operator's log: one JSON object a line, by pino, written in batches so that a request never waits for the disk. */
import { pino } from 'pino';
import type { LogSettings } from '../model/settings.js';
import { Batch } from './batch.js';
import { errorFields } from './error-fields.js';
import { limitLines, type LeveledLog } from './limit-lines.js';
import { LogDestination } from './log-destination.js';
import { createPrettyFormat } from './pretty.js';

/** Writes one whole line, including its line end. */
export type WriteLine = (line: string) => void;

export interface OperatorLog {
  /** Leaves out lines where there are too many of one kind (`limit-lines.ts`). */
  readonly log: LeveledLog;
  /** Writes a line of level `info` that was formatted elsewhere; drops it if the log's level is higher. */
  readonly writeInfo: WriteLine;
  readonly setLevel: (level: LogSettings['level']) => void;
  /** Continues in a new file of the same name, after a rotation. If it cannot be opened, keeps the current one. */
  readonly reopen: () => void;
  /** The lines that were lost since the start, because the log could not be written fast enough or at all. */
  readonly droppedLines: () => number;
  /** Writes pending lines, as far as possible within 1 s, and closes the file. Later lines are dropped. */
  readonly close: () => Promise<void>;
}

export interface LogOptions {
  /** The worker's number, written in every line; undefined: a single process. */
  readonly worker?: number | undefined;
  /** Whether a readable log has ANSI colours. */
  readonly colors?: boolean;
}

/** Some hundred lines. Each batch wakes a thread; a crash loses the unwritten ones. */
const FILE_BATCH_BYTES = 32 * 1024;
/** PIPE_BUF: a pipe accepts this much atomically, so the lines of several workers do not mix. */
const PIPE_BATCH_BYTES = 4096;
const MAX_WAIT_MS = 500;
/** A person who watches a terminal sees a line at once. */
const MAX_WAIT_PRETTY_MS = 50;
/** While lines are dropped, their number is logged at most this often. */
const REPORT_DROPPED_MS = 10_000;

/**
 * Opens the operator's log.
 * @throws Error if the file cannot be opened
 */
export function createLog(
  { level, file, pretty = false }: Pick<LogSettings, 'level' | 'file'> & Partial<Pick<LogSettings, 'pretty'>>,
  { worker, colors = false }: LogOptions = {},
): OperatorLog {
  const destination = new LogDestination(file, file === undefined ? PIPE_BATCH_BYTES : FILE_BATCH_BYTES);
  const batch = new Batch(destination.maxBytes, (text) => destination.write(text));
  const format = pretty ? createPrettyFormat(colors) : (line: string) => line;
  const add = (line: string): void => batch.add(format(line));
  const to = { write: add };
  const log = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    { write: (line: string) => to.write(line) },
  );
  const limited = limitLines(log);
  const waitMs = pretty ? MAX_WAIT_PRETTY_MS : MAX_WAIT_MS;
  let ticks = 0;
  let nextReport = 0;
  let reportedLines = 0;
  const timer = setInterval(() => {
    ticks += 1;
    batch.flush();
    destination.retry();
    if (ticks >= nextReport && destination.droppedLines > reportedLines && destination.takeProgress())
      reportDropped();
  }, waitMs).unref();
  let closed: Promise<void> | undefined;

  function reportDropped(): void {
    const lines = destination.droppedLines - reportedLines;
    reportedLines += lines;
    nextReport = ticks + REPORT_DROPPED_MS / waitMs;
    to.write = (line) => destination.writeReserved(format(line));
    log.warn({ lines }, 'log lines were dropped');
    to.write = add;
  }

  function close(): Promise<void> {
    clearInterval(timer);
    limited.flush();
    log.level = 'silent';
    batch.flush();
    return destination.close();
  }

  return {
    log: limited.log,
    writeInfo(line) {
      if (log.isLevelEnabled('info')) add(line);
    },
    setLevel(next) {
      if (closed === undefined) log.level = next;
    },
    reopen() {
      if (file === undefined || closed !== undefined) return;
      batch.flush();
      try {
        destination.reopen();
      } catch (error) {
        log.error({ err: error }, 'the log cannot be reopened');
      }
    },
    droppedLines: () => destination.droppedLines,
    close: () => (closed ??= close()),
  };
}
