/** A revocation: something that tokens are refused for, however good they are otherwise, until it is undone. */

/** What a revocation is of, and why: no two that hold at once have the same four. */
export interface RevocationKey {
  /** `family`: every access token that descends from one login. */
  readonly kind: 'app' | 'token' | 'family';
  /** The issuer's name in the file; undefined: at every issuer. */
  readonly issuer: string | undefined;
  /** The app's id (a user's name), the token's `jti`, or the family's `sid`. */
  readonly id: string;
  /** A deletion cannot be undone by `restore`. */
  readonly cause: 'revoked' | 'deleted';
}

export interface Revocation extends RevocationKey {
  readonly revokedAtMs: number;
  /** Only tokens issued before this are refused, as deletions of users were recorded once; undefined: all. */
  readonly issuedBeforeMs: number | undefined;
  /** Only tokens of this generation of the user's name and of earlier ones are refused; undefined: all. */
  readonly generation: number | undefined;
  /** When it may be forgotten, since what it refuses has expired; undefined: never. */
  readonly endsAtMs: number | undefined;
}

/** One change of what is revoked: recorded, in place of one with the same key, or undone. */
export type RevocationChange =
  | { readonly isRemoved: false; readonly revocation: Revocation }
  | { readonly isRemoved: true; readonly revocation: RevocationKey };

/**
 * How long after a token's `exp` its revocation is kept and can still be asked for, milliseconds: the largest
 * `clock_skew` that a file can set, so that no gate accepts the token by then, even one whose clock is behind.
 */
export const REVOCATION_MARGIN_MS = 5 * 60_000;
