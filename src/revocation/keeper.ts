/** Interface of what keeps the last known set outside this process, for a start while the source is unavailable. */
import type { RevocationChange } from '../model/revocation.js';
import type { RevokedSet } from './revoked-set.js';

export interface KnownSet {
  readonly revoked: RevokedSet;
  /** The epoch of the source when it was read. */
  readonly epoch: string;
}

/** No method rejects. */
export interface Keeper {
  /** Returns the last known set; undefined where there is no valid one. */
  recall(): Promise<KnownSet | undefined>;
  /** Replaces what is kept by a set that was read completely. Later changes of the set are passed to `note`. */
  keep(known: KnownSet): void;
  /** Records changes that were just applied to the kept set. */
  note(changes: readonly RevocationChange[]): void;
  /** Resolves when everything recorded is written. */
  close(): Promise<void>;
}
