/** The secrets that the token service gives out and asks for: what is kept of them, and how they are compared. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createPasswords, type Passwords, type PasswordsOptions } from './passwords.js';

export interface Secrets extends Passwords {
  /** A new app's public id: 128 random bits in hexadecimal, so that it may stand anywhere, as an argument too. */
  newKey(): string;
  /** A new secret, or refresh token: 256 random bits in base64url. */
  newSecret(): string;
  /** What is stored of a secret: its HMAC-SHA-256 with the pepper. */
  hash(secret: string): Uint8Array;
  /** What the log has in place of a client id: a keyed hash, the same for the same id, that tells nothing of it. */
  fingerprintOfId(id: string): string;
  /** In constant time, and in the same time where there is no hash to compare with. */
  matches(secret: string, hash: Uint8Array | undefined): boolean;
}

/** By which a pepper is known again, without telling anything of it. */
export function fingerprintOf(pepper: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', pepper).update('tollgate: fingerprint of the pepper').digest());
}

export interface SecretsOptions extends PasswordsOptions {
  /** Asked for at each hash; throws while it is not known. */
  readonly pepper: () => Uint8Array;
}

const KEY_BYTES = 16;
const SECRET_BYTES = 32;
const HASH_BYTES = 32;
/** In characters of base64url: 96 bits. */
const ID_FINGERPRINT_LENGTH = 16;

export function createSecrets({ pepper, random, subnetOf }: SecretsOptions): Secrets {
  const nothing = new Uint8Array(HASH_BYTES);

  function hash(secret: string): Uint8Array {
    return new Uint8Array(createHmac('sha256', pepper()).update(secret, 'utf8').digest());
  }

  return {
    ...createPasswords({ random, subnetOf }),
    newKey: () => Buffer.from(random(KEY_BYTES)).toString('hex'),
    newSecret: () => Buffer.from(random(SECRET_BYTES)).toString('base64url'),
    hash,
    // A key of its own, made of the pepper: what stands in the log is no hash that the registry compares with.
    fingerprintOfId(id) {
      const key = createHmac('sha256', pepper()).update('tollgate: client ids in the log').digest();
      return createHmac('sha256', key).update(id, 'utf8').digest('base64url').slice(0, ID_FINGERPRINT_LENGTH);
    },
    matches(secret, expected) {
      const comparable = expected?.length === HASH_BYTES;
      return timingSafeEqual(hash(secret), comparable ? expected : nothing) && comparable;
    },
  };
}
