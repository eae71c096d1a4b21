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
const ROWS_A_PART = 200;

/** Creates the cache in one file. Failures are logged; nothing rejects. */
export function createFileCache({ folder, source, isWriter, newId, log }: FileCacheOptions): RevocationCache {
  const digest = createHash('sha256').update(source).digest('hex');
  const path = join(folder, `${digest}.jsonl`);
  let kept: KnownSet | undefined;
  /** Lines that are not written yet. */
  let pendingLines: string[] = [];
  /** How many changes the file has after its set. Infinity: the file must be rewritten. */
  let changesInFile = Infinity;
  let isFailing = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function* parts(of: KnownSet): Generator<string> {
    yield writeHead(digest, of.epoch);
    let rows: string[] = [];
    for (const row of of.revoked.rows()) {
      if (rows.push(writeRow(row)) < ROWS_A_PART) continue;
      yield rows.join('');
      rows = [];
    }
    if (rows.length > 0) yield rows.join('');
  }

  async function write(): Promise<void> {
    timer = undefined;
    if (!kept) return;
    const lines = pendingLines;
    pendingLines = [];
    try {
      if (changesInFile + lines.length > Math.max(MIN_CHANGES, kept.revoked.size)) {
        // The set includes the pending changes. Changes during the write are appended later.
        const whole = kept;
        await replaceFile(path, parts(whole), newId());
        changesInFile = whole === kept ? 0 : Infinity;
      } else if (lines.length > 0) {
        await appendFile(path, lines.join(''), { mode: 0o600, flush: true });
        changesInFile += lines.length;
      }
      isFailing = false;
    } catch (error) {
      changesInFile = Infinity;
      if (!isFailing) log.warn({ folder, reason: reasonOf(error) }, 'revocations cannot be kept on disk');
      isFailing = true;
    }
    if (pendingLines.length > 0 || changesInFile === Infinity) writeLater();
  }

  function writeLater(): void {
    if (!isWriter || isClosed) return;
    timer ??= setTimeout(() => void (writing = writing.then(write)), isFailing ? RETRY_MS : BATCH_MS).unref();
  }

  return {
    async load() {
      try {
        return await readKnownFile(path, digest);
      } catch (error) {
        const reason = reasonOf(error);
        if (reason !== 'ENOENT')
          log.warn({ file: path, reason }, 'the revocations that are kept on disk are not believed');
        return undefined;
      }
    },
    save(known) {
      kept = known;
      pendingLines = [];
      changesInFile = Infinity;
      writeLater();
    },
    append(changes) {
      if (!isWriter) return;
      for (const change of changes) pendingLines.push(writeChange(change));
      writeLater();
    },
    async close() {
      isClosed = true;
      const isDue = timer !== undefined;
      clearTimeout(timer);
      await writing;
      if (isDue && isWriter) await write();
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof InvalidFileError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}
