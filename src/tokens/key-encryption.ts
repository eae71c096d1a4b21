/**
 * Private keys at rest: sealed with `key_encryption_key` where the file names one, so that whoever reads the database
 * cannot sign.
 *
 * Any text may be that key, so it is stretched with scrypt and a salt of each seal's own (RFC 7914); then AES-256-GCM.
 * The kid is authenticated too: a sealed key cannot be put in another's place.
 */
import { OperatorError } from '../model/operator-error.js';
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';

export interface KeyEncryption {
  encrypt(kid: string, privateKey: string): Promise<string>;
  /** Whether a stored key is in plain text, though this vault encrypts. */
  mustSeal(stored: string): boolean;
  /** Rejects with a `VaultError` where the key is not the right one, or there is none. */
  decrypt(kid: string, stored: string): Promise<string>;
}

/** A sealed key cannot be opened: what the operator has to know of why. */
export class KeyEncryptionError extends OperatorError {
  override readonly name = 'VaultError';
}

/** Says how the rest is to be read; another way would have another name. */
const FORM = 'tollgate-sealed-1';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** NIST SP 800-38D 8.2.2: random ones of 96 bits; each is used with a key of its own, at that. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/**
 * @param keyEncryptionKey undefined or empty: keys are stored as they are
 * @param random so many random bytes
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
      const cipher = createCipheriv(CIPHER, await stretch(secret, salt), nonce).setAAD(Buffer.from(kid));
      const sealed = [cipher.update(privateKey, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return [FORM, ...[salt, nonce, Buffer.concat(sealed)].map(base64url)].join('.');
    },

    mustSeal: (stored) => secret !== undefined && !isSealed(stored),

    async decrypt(kid, stored) {
      // A key from before there was a key_encryption_key.
      if (!isSealed(stored)) return stored;
      if (secret === undefined)
        throw new KeyEncryptionError('the signing keys are encrypted: key_encryption_key must be set');
      const [salt, nonce, sealed] = stored.split('.').slice(1).map(bytes);
      try {
        if (!salt || !nonce || !sealed) throw new RangeError('a part is missing');
        const decipher = createDecipheriv(CIPHER, await stretch(secret, salt), nonce, {
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(kid))
          .setAuthTag(sealed.subarray(-TAG_BYTES));
        const opened = [decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()];
        return Buffer.concat(opened).toString('utf8');
      } catch (cause) {
        const message =
          'the signing keys cannot be decrypted: they were encrypted with another key_encryption_key';
        throw new KeyEncryptionError(message, { cause });
      }
    },
  };
}

function isSealed(stored: string): boolean {
  return stored.startsWith(`${FORM}.`);
}

function stretch(secret: string, salt: Uint8Array): Promise<Uint8Array> {
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
