/** Passes the known set from one worker to another, as pages of text. */
import type { RevocationCache, KnownSet } from './revocation-cache.js';
import { RevokedSet } from './revoked-set.js';
import { readChange, writeRow } from './row-text.js';

export interface KnownPage {
  readonly epoch: string;
  /** Revocations, a line each. */
  readonly text: string;
  /** Where the next page starts; undefined on the last page. */
  readonly next: number | undefined;
}

/** Requests a page of another worker's set; undefined where no other worker has a set. */
export type FetchPage = (from: number) => Promise<KnownPage | undefined>;

/** The least rows of a page, except the last: making it takes some milliseconds. */
const MIN_ROWS = 2000;

/** Returns the page of a set that starts at part `from`. */
export function pageOf({ revoked, epoch }: KnownSet, from: number): KnownPage {
  const lines: string[] = [];
  let at = from;
  while (at < revoked.parts && lines.length < MIN_ROWS) {
    for (const row of revoked.part(at)) lines.push(writeRow(row));
    at += 1;
  }
  return { epoch, text: lines.join(''), next: at < revoked.parts ? at : undefined };
}

/** Creates a cache that loads from other workers first, since their set is newer than the file. Nothing rejects. */
export function createWorkerCache(ask: FetchPage, then: RevocationCache | undefined): RevocationCache {
  async function readPages(): Promise<KnownSet | undefined> {
    const revoked = new RevokedSet();
    for (let from = 0; ;) {
      const page = await ask(from);
      if (!page) return undefined;
      for (const line of page.text.split('\n')) {
        const change = readChange(line);
        if (change) revoked.apply([change]);
      }
      if (page.next === undefined) return { revoked, epoch: page.epoch };
      from = page.next;
    }
  }

  return {
    load: async () => (await readPages().catch(() => undefined)) ?? (await then?.load()),
    save: (known) => then?.save(known),
    append: (changes) => then?.append(changes),
    close: async () => then?.close(),
  };
}
