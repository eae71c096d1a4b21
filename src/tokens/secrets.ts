/** Creates, hashes and compares the secrets of the token service. Called by the endpoints and the administration. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createPasswords, type Passwords, type PasswordsOptions } from './passwords.js';

export interface Secrets extends Passwords {
  /** A new app's public id: 128 random bits in hexadecimal, safe anywhere, as a command's argument too. */
  newKey(): string;
  /** A new secret: 256 random bits in base64url. */
  newSecret(): string;
  /** The stored form of a secret: its HMAC-SHA-256 with the pepper. */
  hash(secret: string): Uint8Array;
  /** A keyed hash that the log has in place of a client id: equal for equal ids, and reveals nothing of them. */
  fingerprintOfId(id: string): string;
  /** Compares in constant time, and takes the same time without a hash. */
  matches(secret: string, hash: Uint8Array | undefined): boolean;
}

/** A hash that identifies a pepper without revealing it. */
export function fingerprintOf(pepper: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', pepper).update('tollgate: fingerprint of the pepper').digest());
}

export interface SecretsOptions extends PasswordsOptions {
  /** Called at each hash; throws while the pepper is not known. */
  readonly pepper: () => Uint8Array;
}

const KEY_BYTES = 16;
const SECRET_BYTES = 32;
const HASH_BYTES = 32;
/** In characters of base64url: 96 bits. */
const ID_FINGERPRINT_LENGTH = 16;

/** Creates the functions for secrets and passwords. All that hash with the pepper throw while it is not known. */
export function createSecrets({ pepper, random, subnetOf }: SecretsOptions): Secrets {
  const dummyHash = new Uint8Array(HASH_BYTES);

  function hash(secret: string): Uint8Array {
    return new Uint8Array(createHmac('sha256', pepper()).update(secret, 'utf8').digest());
  }

  return {
    ...createPasswords({ random, subnetOf }),
    newKey: () => Buffer.from(random(KEY_BYTES)).toString('hex'),
    newSecret: () => Buffer.from(random(SECRET_BYTES)).toString('base64url'),
    hash,
    // It has its own key, derived from the pepper, so that the log has no hash that the registry compares with.
    fingerprintOfId(id) {
      const key = createHmac('sha256', pepper()).update('tollgate: client ids in the log').digest();
      return createHmac('sha256', key).update(id, 'utf8').digest('base64url').slice(0, ID_FINGERPRINT_LENGTH);
    },
    matches(secret, expected) {
      const comparable = expected?.length === HASH_BYTES;
      return timingSafeEqual(hash(secret), comparable ? expected : dummyHash) && comparable;
    },
  };
}
