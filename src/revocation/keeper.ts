/** What keeps the last known set of revocations beyond this process, for a start while their source is unavailable. */
import type { RevocationChange } from '../model/revocation.js';
import type { RevokedSet } from './revoked-set.js';

export interface KnownSet {
  readonly revoked: RevokedSet;
  /** Of the source when it was read. */
  readonly epoch: string;
}

/** Nothing here rejects. */
export interface Keeper {
  /** The last known set; undefined where there is none that can be believed. */
  recall(): Promise<KnownSet | undefined>;
  /** A set was read whole: it takes the place of what is kept. Changes that are applied to it later are noted. */
  keep(known: KnownSet): void;
  /** Told of what was just applied to the set that is kept. */
  note(changes: readonly RevocationChange[]): void;
  /** Resolves when all that was told is kept. */
  close(): Promise<void>;
}
