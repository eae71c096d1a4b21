/** The dependencies of the token service other than the registry. `src/app/` provides them. */
import type { JsonWebKey } from 'node:crypto';
import type { NAMED, TOKENS } from '../model/tokens.js';
import type { LoginOrigin } from './passwords.js';
import type { Revocation } from './registry/registry.js';

export interface Secrets {
  /** HMAC-SHA-256 with the server's pepper. */
  hash(secret: string): Uint8Array;
  /** Compares in constant time, and takes the same time without a hash. */
  matches(secret: string, hash: Uint8Array | undefined): boolean;
  /** Compares a password likewise; `busy` if too many logins wait, and nothing was compared. */
  verifyPassword(password: string, hash: string | undefined, from: LoginOrigin): Promise<boolean | 'busy'>;
}

export interface TokenSigner {
  /** Signs a compact JWS with RS256 and `kid`. Callers share the signing queue fairly. */
  sign(payload: object, caller: string): Promise<string>;
  /** The public keys of the tokens that the service issues. */
  jwks(): { readonly keys: readonly JsonWebKey[] };
}

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Verifies a caller's own token as the gateway does for routes, for the issuers `tokens` and `named`. */
export type VerifyBearer = (
  authorization: string | undefined,
) => Promise<{ readonly claims: Claims } | 'none' | 'invalid' | 'malformed' | 'unavailable'>;

/** An app, a user or one of their tokens, which may be revoked. */
export interface RevocationSubject {
  readonly issuer: typeof TOKENS | typeof NAMED;
  /** The app's key; for a user's token, the user's name. */
  readonly app: string;
  /** The token's `jti`; undefined if the subject is the app itself. */
  readonly tokenId: string | undefined;
  /** The id of the login that a user's token descends from. */
  readonly family: string | undefined;
  readonly issuedAtMs: number;
  /** The generation of the user or the app. */
  readonly generation: number;
}

/** Checks and records revocations. */
export interface TokenRevocations {
  /** Whether this gateway knows the subject to be revoked. */
  isRevoked(subject: RevocationSubject): boolean;
  /** Records a revocation and notifies the gateways; `unavailable` if it could not be recorded. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
}

/** Returns `size` random bytes. */
export type Random = (size: number) => Uint8Array;
