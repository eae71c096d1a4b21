/** Interface of what keeps the last known set outside this process, for a start while the source is unavailable. */
import type { RevocationChange } from '../model/revocation.js';
import type { RevokedSet } from './revoked-set.js';

export interface KnownSet {
  readonly revoked: RevokedSet;
  /** The epoch of the source when it was read. */
  readonly epoch: string;
}

/** Keeps the last known set. No method rejects. */
export interface RevocationCache {
  /** Returns the last known set; undefined where there is no valid one. */
  load(): Promise<KnownSet | undefined>;
  /** Replaces what is kept by a set that was read completely. Later changes of the set are passed to `append`. */
  save(known: KnownSet): void;
  /** Records changes that were just applied to the kept set. */
  append(changes: readonly RevocationChange[]): void;
  /** Resolves when everything recorded is written. */
  close(): Promise<void>;
}
