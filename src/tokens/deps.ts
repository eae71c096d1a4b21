/** What the token service stands on, beside the registry; whoever assembles the gate provides it. */
import type { JsonWebKey } from 'node:crypto';
import type { NAMED, TOKENS } from '../model/tokens.js';
import type { LoginOrigin } from './passwords.js';
import type { Revocation } from './registry/registry.js';

export interface Secrets {
  /** HMAC-SHA-256 with the server's pepper. */
  hash(secret: string): Uint8Array;
  /** In constant time, and in the same time where there is no hash to compare with. */
  matches(secret: string, hash: Uint8Array | undefined): boolean;
  /** The same for passwords; `busy` where nothing was compared, since too many logins wait already. */
  verifyPassword(password: string, hash: string | undefined, from: LoginOrigin): Promise<boolean | 'busy'>;
}

export interface Signer {
  /** A compact JWS with `kid`, RS256, for a caller who waits for it in turn with others. */
  sign(payload: object, caller: string): Promise<string>;
  /** The public keys that tokens of ours may be signed with. */
  jwks(): { readonly keys: readonly JsonWebKey[] };
}

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Verifies a caller's own token as the gate does for routes, for the issuers `tokens` and `named`. */
export type VerifyBearer = (
  authorization: string | undefined,
) => Promise<{ readonly claims: Claims } | 'none' | 'invalid' | 'malformed' | 'unavailable'>;

/** An app, a user or a token of theirs, that may have been revoked. */
export interface Revocable {
  readonly issuer: typeof TOKENS | typeof NAMED;
  /** The app's id; a user's name for the tokens of users. */
  readonly app: string;
  /** The token's `jti`; undefined where the app itself is asked about. */
  readonly tokenId: string | undefined;
  /** The login that a user's token descends from. */
  readonly family: string | undefined;
  readonly issuedAtMs: number;
  /** That of the user whose token it is; 0 for an app's. */
  readonly generation: number;
}

/** The kill switch. */
export interface Revocations {
  /** As this gate knows it now. */
  isRevoked(subject: Revocable): boolean;
  /** Records one and tells the gates; `away` where it could not be recorded. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
}

/** So many random bytes. */
export type Random = (size: number) => Uint8Array;
