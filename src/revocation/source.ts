/** Where revocations are kept for good: the registry of the token service where there is a database, else Redis. */
import type { Revocation, RevocationChange } from '../model/revocation.js';

/** How far a source has been read. */
export interface Position {
  /** What was written up to here has been read; undefined: what is known comes from the disk, and may be anything. */
  readonly revision: number | undefined;
  /** Other than before: the source has lost what it had until then. Empty where that cannot happen. */
  readonly epoch: string;
}

/** Who reads: is given what there is to know, a page at a time. */
export interface Reader {
  /** All follows, from the beginning: what is not among it does not hold any more. */
  startOver(): void;
  apply(changes: readonly RevocationChange[]): void;
  /** What is known so far: a source that has lost what it had is told again. */
  known(): Iterable<Revocation>;
}

/** Nothing here rejects: whatever goes wrong is `away`. What is changed here, other gates are told of. */
export interface RevocationSource {
  /** Tells this source's revocations from those of another, on disk. */
  readonly name: string;
  /** Whether it may lose what it has and must be told again: then what is on disk is read before it. */
  readonly mayForget: boolean;
  /** Another number after each change; cheap enough to be asked for twice a second. */
  revision(): Promise<number | 'unavailable'>;
  /**
   * Reads what is new since a position; everything, where there is none or what is new cannot be told.
   *
   * @returns the position of what was read: it may be newer, never older
   */
  read(since: Position | undefined, reader: Reader): Promise<Position | 'unavailable'>;
  /** All that hold, for people to read. */
  list(): Promise<readonly Revocation[] | 'unavailable'>;
  /** Records a revocation, in place of one with the same key. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  /** Undoes a `revoked` one of an app. False where there is none. */
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
}
