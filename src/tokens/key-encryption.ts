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
  /**
   * Returns what replaces a stored key that is in plain text or encrypted with the previous `key_encryption_key`. Undefined if
   * nothing does, also where it cannot be decrypted.
   */
  replacement(kid: string, stored: string): Promise<string | undefined>;
  /** Decrypts a stored key. Rejects with a `KeyEncryptionError` if `key_encryption_key` is wrong or missing. */
  decrypt(kid: string, stored: string): Promise<string>;
}

/** The settings that decide how private keys are stored. An empty text counts as undefined. */
export interface KeyEncryptionSettings {
  /** Undefined: keys are stored in plain text. */
  readonly keyEncryptionKey: string | undefined;
  /** Decrypts what was stored before `key_encryption_key` was replaced. */
  readonly previousKeyEncryptionKey?: string | undefined;
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
 * @param random returns `size` random bytes
 */
export function createKeyEncryption(
  { keyEncryptionKey, previousKeyEncryptionKey }: KeyEncryptionSettings,
  random: (size: number) => Uint8Array,
): KeyEncryption {
  const secret = keyEncryptionKey === '' ? undefined : keyEncryptionKey;
  const previous = previousKeyEncryptionKey === '' ? undefined : previousKeyEncryptionKey;

  async function encrypt(kid: string, privateKey: string): Promise<string> {
    if (secret === undefined) return privateKey;
    const salt = random(SALT_BYTES);
    const nonce = random(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, await deriveKey(secret, salt), nonce).setAAD(Buffer.from(kid));
    const encrypted = [cipher.update(privateKey, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return [FORMAT, ...[salt, nonce, Buffer.concat(encrypted)].map(base64url)].join('.');
  }

  async function decrypt(kid: string, stored: string): Promise<string> {
    // The key was stored before key_encryption_key was set.
    if (!isEncrypted(stored)) return stored;
    if (secret === undefined)
      throw new KeyEncryptionError('the signing keys are encrypted: key_encryption_key must be set');
    const decrypted =
      (await decryptWith(secret, kid, stored)) ??
      (previous === undefined ? undefined : await decryptWith(previous, kid, stored));
    if (decrypted !== undefined) return decrypted;
    throw new KeyEncryptionError(
      'the signing keys cannot be decrypted: they were encrypted with another key_encryption_key',
    );
  }

  return {
    encrypt,
    decrypt,
    async replacement(kid, stored) {
      if (secret === undefined) return undefined;
      if (!isEncrypted(stored)) return encrypt(kid, stored);
      if (previous === undefined || (await decryptWith(secret, kid, stored)) !== undefined) return undefined;
      const decrypted = await decryptWith(previous, kid, stored);
      return decrypted === undefined ? undefined : encrypt(kid, decrypted);
    },
  };
}

/** Returns undefined where the secret or the kid is another one, or the stored key was changed. */
async function decryptWith(secret: string, kid: string, stored: string): Promise<string | undefined> {
  const [salt, nonce, encrypted] = stored.split('.').slice(1).map(bytes);
  if (!salt || !nonce || !encrypted) return undefined;
  const key = await deriveKey(secret, salt);
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(kid))
      .setAuthTag(encrypted.subarray(-TAG_BYTES));
    const decrypted = [decipher.update(encrypted.subarray(0, -TAG_BYTES)), decipher.final()];
    return Buffer.concat(decrypted).toString('utf8');
  } catch {
    return undefined;
  }
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
