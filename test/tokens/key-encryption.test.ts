import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyEncryption, KeyEncryptionError } from '../../src/tokens/key-encryption.js';

const keyEncryptionOf = (keyEncryptionKey: string | undefined, previousKeyEncryptionKey?: string) =>
  createKeyEncryption({ keyEncryptionKey, previousKeyEncryptionKey }, randomBytes);
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';

describe('private keys at rest', () => {
  it('an encrypted key can be read only with the key_encryption_key', async () => {
    const sealed = await keyEncryptionOf('größe').encrypt('kid', PEM);
    expect(sealed).toMatch(/^tollgate-sealed-1\.[\w-]{22}\.[\w-]{16}\.[\w-]+$/);
    expect(Buffer.from(sealed.split('.')[3]!, 'base64url').toString('latin1')).not.toContain('PRIVATE');
    expect(await keyEncryptionOf('größe').decrypt('kid', sealed)).toBe(PEM);
    expect(await keyEncryptionOf('größe').encrypt('kid', PEM)).not.toBe(sealed);
  });

  it('without a key_encryption_key keys are stored in the clear, and can still be read once there is one', async () => {
    for (const none of [undefined, '']) expect(await keyEncryptionOf(none).encrypt('kid', PEM)).toBe(PEM);
    expect(await keyEncryptionOf(undefined).decrypt('kid', PEM)).toBe(PEM);
    expect(await keyEncryptionOf('secret').decrypt('kid', PEM)).toBe(PEM);
  });

  it('a missing key_encryption_key is a clear error', async () => {
    const sealed = await keyEncryptionOf('secret').encrypt('kid', PEM);
    for (const none of [undefined, '']) {
      const error: unknown = await keyEncryptionOf(none)
        .decrypt('kid', sealed)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KeyEncryptionError);
      expect(error).toHaveProperty(
        'message',
        'the signing keys are encrypted: key_encryption_key must be set',
      );
    }
  });

  it('another key_encryption_key, another kid, and any change are one clear error', async () => {
    const sealed = await keyEncryptionOf('secret').encrypt('kid', PEM);
    const [form, salt, nonce, data] = sealed.split('.');
    const openings = [
      ['Secret', 'kid', sealed],
      ['secret', 'other', sealed],
      ['secret', 'kid', [form, nonce, salt, data].join('.')],
      ['secret', 'kid', [form, salt, nonce, (data!.startsWith('A') ? 'B' : 'A') + data!.slice(1)].join('.')],
      ['secret', 'kid', [form, salt, nonce, data!.slice(0, -4)].join('.')],
      ['secret', 'kid', [form, salt, nonce, 'AAAA'].join('.')],
      ['secret', 'kid', [form, salt].join('.')],
    ] as const;
    for (const [key, kid, stored] of openings) {
      await expect(keyEncryptionOf(key).decrypt(kid, stored)).rejects.toThrow(
        /^the signing keys cannot be decrypted: they were encrypted with another key_encryption_key$/,
      );
    }
  });

  it('a previous key_encryption_key is read, and what it encrypted is replaced', async () => {
    const old = await keyEncryptionOf('old').encrypt('kid', PEM);
    const both = keyEncryptionOf('new', 'old');
    expect(await both.decrypt('kid', old)).toBe(PEM);
    const replaced = await both.replacement('kid', old);
    expect(await keyEncryptionOf('new').decrypt('kid', replaced!)).toBe(PEM);
    expect(await both.decrypt('kid', replaced!)).toBe(PEM);
    expect(await both.replacement('kid', replaced!)).toBeUndefined();
    expect(await keyEncryptionOf('new', '').replacement('kid', old)).toBeUndefined();
  });

  it('a key that neither decrypts is not replaced, and is the same error', async () => {
    const other = await keyEncryptionOf('other').encrypt('kid', PEM);
    const both = keyEncryptionOf('new', 'old');
    expect(await both.replacement('kid', other)).toBeUndefined();
    await expect(both.decrypt('kid', other)).rejects.toThrow('another key_encryption_key');
  });
});
