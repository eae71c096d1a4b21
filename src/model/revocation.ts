/** A revocation: something that tokens are refused for, however good they are otherwise, until it is undone. */

export interface Revocation {
  readonly kind: 'app' | 'token';
  /** The issuer's name in the file; undefined: at every issuer. */
  readonly issuer: string | undefined;
  /** The app's id, or the token's `jti`. */
  readonly id: string;
  readonly revokedAtMs: number;
  /** Only tokens issued before this are refused (a deleted user's name may be given again); undefined: all. */
  readonly issuedBeforeMs: number | undefined;
  /** When it may be forgotten, since what it refuses has expired; undefined: never. */
  readonly endsAtMs: number | undefined;
  /** A deletion cannot be undone by `restore`. */
  readonly cause: 'revoked' | 'deleted';
}
