/** A revocation: a rule that refuses otherwise valid tokens until it is undone or expires. */

/** What is revoked, and why. Identifies a revocation: no two in force have the same four fields. */
export interface RevocationKey {
  /** `family`: all access tokens that descend from one login. */
  readonly kind: 'app' | 'token' | 'family';
  /** The issuer's name in the file; undefined: at every issuer. */
  readonly issuer: string | undefined;
  /** The app's id (a user's name), the token's `jti`, or the family's `sid`. */
  readonly id: string;
  /** `changed`: an app was changed so that its earlier tokens no longer hold. Only `revoked` can be undone. */
  readonly cause: 'revoked' | 'deleted' | 'changed';
}

export interface Revocation extends RevocationKey {
  readonly revokedAtMs: number;
  /** Only tokens issued before this are refused (the older form of a user's deletion); undefined: all. */
  readonly issuedBeforeMs: number | undefined;
  /** Only tokens of this generation of the app or the user's name, and of earlier ones, are refused; undefined: all. */
  readonly generation: number | undefined;
  /** When it may be removed, since what it refuses has expired; undefined: never. */
  readonly endsAtMs: number | undefined;
}

/** One change of the revocations: added (replacing one with the same key) or removed. */
export type RevocationChange =
  | { readonly isRemoved: false; readonly revocation: Revocation }
  | { readonly isRemoved: true; readonly revocation: RevocationKey };

/**
 * How long after a token's `exp` its revocation is kept and can still be requested, milliseconds. It is the largest
 * `clock_skew` that a file can set, so that no gateway accepts the token by then, even one whose clock is behind.
 */
export const REVOCATION_MARGIN_MS = 5 * 60_000;
