/**
 * Keeps the last known revocations in a file: a line for each, then a line for each change, so that a change costs one
 * line. The whole file is written again when it has more changes than revocations.
 *
 * Its name and first line include a digest of the source; a digest, since a URL may hold a secret. A crash loses at
 * most the changes of the last half second; the next start reads them from the source, if that is available. A
 * problem with the folder is only logged: the gateway then starts without known revocations.
 */
import { createHash } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../model/log.js';
import type { RevocationChange } from '../model/revocation.js';
import { replaceFile } from '../shared/replace-file.js';
import type { RevocationCache, KnownSet } from './revocation-cache.js';
import { InvalidFileError, readKnownFile, writeHead } from './known-file-reader.js';
import { writeChange, writeRow } from './row-text.js';

export interface FileCacheOptions {
  readonly folder: string;
  /** The name of the revocation source. */
  readonly source: string;
  /** Whether this process writes the file. Of several workers on a machine one writes it for all. */
  readonly isWriter: boolean;
  readonly newId: () => string;
  readonly log: Log;
}

/** How long changes are collected before they are written. */
const BATCH_MS = 500;
/** The delay after a failed write. */
const RETRY_MS = 30_000;
/** The changes that a file may have even when its set is small. */
const MIN_CHANGES = 10_000;
/** How many rows are serialized without a pause: about a third of a millisecond. */
const ROWS_PER_PART = 200;

/** Creates the cache in one file. Failures are logged; nothing rejects. */
export function createFileCache(options: FileCacheOptions): RevocationCache {
  return new FileCache(options);
}

class FileCache implements RevocationCache {
  readonly #options: FileCacheOptions;
  readonly #digest: string;
  readonly #path: string;
  #saved: KnownSet | undefined;
  /** Lines that are not written yet. */
  #pendingLines: string[] = [];
  /** How many changes the file has after its set. Infinity: the file must be rewritten. */
  #changesInFile = Infinity;
  #isFailing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: FileCacheOptions) {
    this.#options = options;
    this.#digest = createHash('sha256').update(options.source).digest('hex');
    this.#path = join(options.folder, `${this.#digest}.jsonl`);
  }

  async load(): Promise<KnownSet | undefined> {
    try {
      return await readKnownFile(this.#path, this.#digest);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== 'ENOENT')
        this.#options.log.warn({ file: this.#path, reason }, 'the revocations on disk cannot be used');
      return undefined;
    }
  }

  save(known: KnownSet): void {
    this.#saved = known;
    this.#pendingLines = [];
    this.#changesInFile = Infinity;
    this.#writeLater();
  }

  append(changes: readonly RevocationChange[]): void {
    if (!this.#options.isWriter) return;
    for (const change of changes) this.#pendingLines.push(writeChange(change));
    this.#writeLater();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const isDue = this.#timer !== undefined;
    clearTimeout(this.#timer);
    await this.#writing;
    if (isDue && this.#options.isWriter) await this.#write();
  }

  #writeLater(): void {
    if (!this.#options.isWriter || this.#isClosed) return;
    const write = (): void => void (this.#writing = this.#writing.then(() => this.#write()));
    this.#timer ??= setTimeout(write, this.#isFailing ? RETRY_MS : BATCH_MS).unref();
  }

  async #write(): Promise<void> {
    this.#timer = undefined;
    if (!this.#saved) return;
    const lines = this.#pendingLines;
    this.#pendingLines = [];
    try {
      await this.#writeLines(this.#saved, lines);
      this.#isFailing = false;
    } catch (error) {
      this.#changesInFile = Infinity;
      const { folder, log } = this.#options;
      if (!this.#isFailing)
        log.warn({ folder, reason: reasonOf(error) }, 'revocations cannot be written to disk');
      this.#isFailing = true;
    }
    if (this.#pendingLines.length > 0 || this.#changesInFile === Infinity) this.#writeLater();
  }

  async #writeLines(saved: KnownSet, lines: readonly string[]): Promise<void> {
    if (this.#changesInFile + lines.length > Math.max(MIN_CHANGES, saved.revoked.size)) {
      // The set includes the pending changes. Changes during the write are appended later.
      await replaceFile(this.#path, partsOf(saved, this.#digest), this.#options.newId());
      this.#changesInFile = saved === this.#saved ? 0 : Infinity;
    } else if (lines.length > 0) {
      await appendFile(this.#path, lines.join(''), { mode: 0o600, flush: true });
      this.#changesInFile += lines.length;
    }
  }
}

/** The text of a whole set, in parts. */
function* partsOf({ revoked, epoch }: KnownSet, digest: string): Generator<string> {
  yield writeHead(digest, epoch);
  let rows: string[] = [];
  for (const row of revoked.rows()) {
    if (rows.push(writeRow(row)) < ROWS_PER_PART) continue;
    yield rows.join('');
    rows = [];
  }
  if (rows.length > 0) yield rows.join('');
}

function reasonOf(error: unknown): string {
  if (error instanceof InvalidFileError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}
