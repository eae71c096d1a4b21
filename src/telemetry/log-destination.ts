/** Where the log is written: standard output or a file, without waiting for it. For `log.ts`. */
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';

/** With a full disk or a stalled reader, at most this much is buffered in memory; further lines are dropped. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
/** Kept free, so that the number of dropped lines can be written while lines are dropped. */
const RESERVED_BYTES = 64 * 1024;
const CLOSE_MS = 1000;
/** Standard error has at most one line in this time. */
const REPORT_EVERY_MS = 60_000;
const STANDARD_OUTPUT = 1;

type Stream = ReturnType<typeof pino.destination>;

/** An open destination. It buffers what cannot be written yet, and counts what it drops. */
export class LogDestination {
  /** The lines that were dropped since the start. */
  droppedLines = 0;
  #stream: Stream;
  #pendingBytes = 0;
  /** Whether anything was written since `takeProgress`. */
  #hasWritten = false;

  /**
   * @param file undefined: standard output
   * @param maxBytes the most that is written in one call
   * @throws Error if the file cannot be opened
   */
  constructor(
    readonly file: string | undefined,
    readonly maxBytes: number,
  ) {
    this.#stream = this.#open();
  }

  /** Writes whole lines, or drops and counts them where too much is pending. */
  write(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (this.#pendingBytes + bytes > MAX_PENDING_BYTES - RESERVED_BYTES)
      this.droppedLines += text.split('\n').length - 1;
    else this.#write(text, bytes);
  }

  /** Writes a line also while others are dropped. To be called rarely. */
  writeReserved(line: string): void {
    this.#write(line, Buffer.byteLength(line));
  }

  /** Retries what could not be written. */
  retry(): void {
    this.#stream.flush();
  }

  /** Whether anything was written since the last call. */
  takeProgress(): boolean {
    const hadProgress = this.#hasWritten;
    this.#hasWritten = false;
    return hadProgress;
  }

  /**
   * Continues in a new file of the same name.
   * @throws Error if it cannot be opened; the current one is kept
   */
  reopen(): void {
    const previous = this.#stream;
    this.#stream = this.#open();
    void end(previous);
  }

  /** Writes what is pending, as far as possible within 1 s, and closes the file. */
  close(): Promise<void> {
    return end(this.#stream);
  }

  #write(text: string, bytes: number): void {
    this.#pendingBytes += bytes;
    this.#stream.write(text);
  }

  #open(): Stream {
    const { file, maxBytes } = this;
    const stream = pino.destination({
      dest: file === undefined ? STANDARD_OUTPUT : openFile(file),
      sync: false,
      // Each batch is written as soon as the previous one is done.
      minLength: 1,
      maxWrite: maxBytes,
      maxLength: MAX_PENDING_BYTES,
    });
    this.#pendingBytes = 0;
    stream.on('write', (bytes: number) => {
      if (stream !== this.#stream) return;
      this.#pendingBytes -= bytes;
      this.#hasWritten = true;
    });
    // The reserve is used up as well.
    stream.on('drop', (text: string) => (this.#pendingBytes -= Buffer.byteLength(text)));
    // Without a listener a full disk would end the process; with it, lines are buffered until there is room.
    let isQuiet = false;
    stream.on('error', (error: Error) => {
      if (isQuiet) return;
      process.stderr.write(`tollgate: the log cannot be written: ${error.message}\n`);
      isQuiet = true;
      setTimeout(() => (isQuiet = false), REPORT_EVERY_MS).unref();
    });
    return stream;
  }
}

/** Does not use `flushSync`, which retries for ever if nothing can be written. */
function end(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(resolve, CLOSE_MS);
    stream.once('error', () => stream.destroy());
    stream.once('close', () => {
      clearTimeout(deadline);
      resolve();
    });
    stream.end();
  });
}

/** Opens synchronously, so that an unwritable log is detected before the first request. */
function openFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, 'a');
}
