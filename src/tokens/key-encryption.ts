/**
 * Encrypts private keys at rest with `key_encryption_key`, if the file sets one, so that read access to the database
 * is not enough to sign. Called by the signer.
 *
 * `key_encryption_key` may be any text, so scrypt (RFC 7914) derives the AES-256-GCM key, with a new salt for each
 * encryption. The kid is authenticated too, so that one encrypted key cannot replace another.
 */
import { OperatorError } from '../model/operator-error.js';
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';

export interface KeyEncryption {
  /** Encrypts a private key for storage; returns it unchanged if there is no `key_encryption_key`. */
  encrypt(kid: string, privateKey: string): Promise<string>;
  /** Whether a stored key is in plain text although there is a `key_encryption_key`. */
  needsEncryption(stored: string): boolean;
  /** Decrypts a stored key. Rejects with a `KeyEncryptionError` if `key_encryption_key` is wrong or missing. */
  decrypt(kid: string, stored: string): Promise<string>;
}

/** A stored key cannot be decrypted. The message tells the operator why. */
export class KeyEncryptionError extends OperatorError {
  override readonly name = 'KeyEncryptionError';
}

/** Names the format of the rest. Another format would have another name. */
const FORMAT = 'tollgate-sealed-1';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** NIST SP 800-38D 8.2.2: 96 random bits. Each nonce also has its own key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/**
 * Creates the encryption of private keys.
 *
 * @param keyEncryptionKey if undefined or empty, keys are stored in plain text
 * @param random returns `size` random bytes
 */
export function createKeyEncryption(
  keyEncryptionKey: string | undefined,
  random: (size: number) => Uint8Array,
): KeyEncryption {
  const secret = keyEncryptionKey === '' ? undefined : keyEncryptionKey;

  return {
    async encrypt(kid, privateKey) {
      if (secret === undefined) return privateKey;
      const salt = random(SALT_BYTES);
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, await deriveKey(secret, salt), nonce).setAAD(Buffer.from(kid));
      const encrypted = [cipher.update(privateKey, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return [FORMAT, ...[salt, nonce, Buffer.concat(encrypted)].map(base64url)].join('.');
    },

    needsEncryption: (stored) => secret !== undefined && !isEncrypted(stored),

    async decrypt(kid, stored) {
      // The key was stored before key_encryption_key was set.
      if (!isEncrypted(stored)) return stored;
      if (secret === undefined)
        throw new KeyEncryptionError('the signing keys are encrypted: key_encryption_key must be set');
      const [salt, nonce, encrypted] = stored.split('.').slice(1).map(bytes);
      try {
        if (!salt || !nonce || !encrypted) throw new RangeError('a part is missing');
        const decipher = createDecipheriv(CIPHER, await deriveKey(secret, salt), nonce, {
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(kid))
          .setAuthTag(encrypted.subarray(-TAG_BYTES));
        const decrypted = [decipher.update(encrypted.subarray(0, -TAG_BYTES)), decipher.final()];
        return Buffer.concat(decrypted).toString('utf8');
      } catch (cause) {
        const message =
          'the signing keys cannot be decrypted: they were encrypted with another key_encryption_key';
        throw new KeyEncryptionError(message, { cause });
      }
    },
  };
}

function isEncrypted(stored: string): boolean {
  return stored.startsWith(`${FORMAT}.`);
}

function deriveKey(secret: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, COST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function base64url(data: Uint8Array): string {
  return Buffer.from(data).toString('base64url');
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}
