/** The known set on its way from one worker to another, as pages of text. */
import type { Keeper, KnownSet } from './keeper.js';
import { RevokedSet } from './revoked-set.js';
import { readChange, writeRow } from './row-text.js';

export interface KnownPage {
  readonly epoch: string;
  /** Revocations, a line each. */
  readonly text: string;
  /** From where the next page begins; undefined: this is the last. */
  readonly next: number | undefined;
}

/** Another worker's set: the page from there on; undefined where no other knows one. */
export type AskForPage = (from: number) => Promise<KnownPage | undefined>;

/** A page has so many rows at least: making it takes some milliseconds. */
const ROWS = 2000;

export function pageOf({ revoked, epoch }: KnownSet, from: number): KnownPage {
  const lines: string[] = [];
  let at = from;
  while (at < revoked.parts && lines.length < ROWS) {
    for (const row of revoked.part(at)) lines.push(writeRow(row));
    at += 1;
  }
  return { epoch, text: lines.join(''), next: at < revoked.parts ? at : undefined };
}

/** Puts other workers before a file: what they know is newer. */
export function askFirst(ask: AskForPage, then: Keeper | undefined): Keeper {
  async function gather(): Promise<KnownSet | undefined> {
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
    recall: async () => (await gather().catch(() => undefined)) ?? (await then?.recall()),
    keep: (known) => then?.keep(known),
    note: (changes) => then?.note(changes),
    close: async () => then?.close(),
  };
}
