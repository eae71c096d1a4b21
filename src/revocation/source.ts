/** Where revocations are kept for good: the registry of the token service where there is a database, else Redis. */
import type { Revocation } from '../model/revocation.js';

/** All revocations, and a number that tells whether there have been changes since. */
export interface Snapshot {
  /** Of the time before the revocations were read: they may be newer, never older. */
  readonly revision: number;
  readonly revocations: readonly Revocation[];
}

/** Nothing here rejects: whatever goes wrong is `away`. What is changed here, other gates are told of. */
export interface RevocationSource {
  /** Whether a gate that has never read it should get no traffic: a database decides, Redis may be away at a start. */
  readonly isRequired: boolean;
  /** Another number after each change; cheap enough to be asked for twice a second. */
  revision(): Promise<number | 'away'>;
  read(): Promise<Snapshot | 'away'>;
  /** Records a revocation, in place of one of the same kind, issuer and id. */
  revoke(revocation: Revocation): Promise<'done' | 'away'>;
  /** Undoes a `revoked` one of an app. False where there is none. */
  restore(issuer: string | undefined, app: string): Promise<boolean | 'away'>;
}
