/**
 * The last known set of revocations on disk: a line for each, and behind them a line for each change since, so that a
 * change costs no more than itself. The file is written anew, whole, when the changes are as many as the revocations.
 *
 * Its name and first line tell the source, as a digest, since a URL may hold a secret. What a crash can lose is what was
 * read in the last half second; whoever starts then reads it from the source, if that is there. What is wrong with the
 * folder costs a line in the log and no more: the gate then starts as if nothing had been kept.
 */
import { createHash } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../model/log.js';
import { replaceFile } from '../shared/replace-file.js';
import type { Keeper, KnownSet } from './keeper.js';
import { Disbelief, readKnownFile, writeHead } from './known-file-reader.js';
import { writeChange, writeRow } from './row-text.js';

export interface KnownFileOptions {
  readonly folder: string;
  /** The name of the source. */
  readonly source: string;
  /** One of several workers on a machine keeps the file for all. */
  readonly isWriter: boolean;
  readonly newId: () => string;
  readonly log: Log;
}

/** How long changes are gathered before they are written. */
const GATHER_MS = 500;
/** After what could not be written. */
const RETRY_MS = 30_000;
/** How many changes there may be behind a small set. */
const LEAST_CHANGES = 10_000;
/** How many rows are made into text without a pause: a third of a millisecond or so. */
const ROWS_A_PART = 200;

export function createKnownFile({ folder, source, isWriter, newId, log }: KnownFileOptions): Keeper {
  const digest = createHash('sha256').update(source).digest('hex');
  const path = join(folder, `${digest}.jsonl`);
  let kept: KnownSet | undefined;
  /** What was noted and is not written yet. */
  let noted: string[] = [];
  /** How many changes stand behind the set in the file; Infinity: it must be written anew. */
  let behind = Infinity;
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
    const lines = noted;
    noted = [];
    try {
      if (behind + lines.length > Math.max(LEAST_CHANGES, kept.revoked.size)) {
        // What was noted so far is in the set; what is applied while its parts are written is noted behind them.
        const whole = kept;
        await replaceFile(path, parts(whole), newId());
        behind = whole === kept ? 0 : Infinity;
      } else if (lines.length > 0) {
        await appendFile(path, lines.join(''), { mode: 0o600, flush: true });
        behind += lines.length;
      }
      isFailing = false;
    } catch (error) {
      behind = Infinity;
      if (!isFailing) log.warn({ folder, reason: reasonOf(error) }, 'revocations cannot be kept on disk');
      isFailing = true;
    }
    if (noted.length > 0 || behind === Infinity) writeLater();
  }

  function writeLater(): void {
    if (!isWriter || isClosed) return;
    timer ??= setTimeout(
      () => void (writing = writing.then(write)),
      isFailing ? RETRY_MS : GATHER_MS,
    ).unref();
  }

  return {
    async recall() {
      try {
        return await readKnownFile(path, digest);
      } catch (error) {
        const reason = reasonOf(error);
        if (reason !== 'ENOENT')
          log.warn({ file: path, reason }, 'the revocations that are kept on disk are not believed');
        return undefined;
      }
    },
    keep(known) {
      kept = known;
      noted = [];
      behind = Infinity;
      writeLater();
    },
    note(changes) {
      if (!isWriter) return;
      for (const change of changes) noted.push(writeChange(change));
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
  if (error instanceof Disbelief) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}
