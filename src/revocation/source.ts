/** Interface of the permanent store of revocations: the token service's registry with a database, else Redis. */
import type { Revocation, RevocationChange } from '../model/revocation.js';

/** How far a source has been read. */
export interface Position {
  /** Everything up to this revision has been read. Undefined: the set comes from disk, at an unknown revision. */
  readonly revision: number | undefined;
  /** Changes when the source has lost its data. Empty where that cannot happen. */
  readonly epoch: string;
}

/** Receives what is read, one page at a time. */
export interface Reader {
  /** A complete reading follows. Revocations that it does not include no longer hold. */
  startOver(): void;
  /** Receives one page. */
  apply(changes: readonly RevocationChange[]): void;
  /** The revocations known so far, to write back to a source that lost its data. */
  known(): Iterable<Revocation>;
}

/** No method rejects: every failure is `unavailable`. Other gateways are notified of changes. */
export interface RevocationSource {
  /** Identifies the source of the revocations on disk. */
  readonly name: string;
  /** Whether it may lose its data, which is then written back. If so, the disk is read before the source. */
  readonly mayForget: boolean;
  /** Returns a number that differs after each change. Cheap enough to poll twice a second. */
  revision(): Promise<number | 'unavailable'>;
  /**
   * Reads the changes since a position; everything where there is no position or the changes are not known.
   *
   * @returns the position up to which it has read; what was read may be newer than it, never older
   */
  read(since: Position | undefined, reader: Reader): Promise<Position | 'unavailable'>;
  /** All current revocations, for display. */
  list(): Promise<readonly Revocation[] | 'unavailable'>;
  /** Records a revocation; it replaces one with the same key. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  /** Undoes the `revoked` revocation of an app. False where there is none. */
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
}
