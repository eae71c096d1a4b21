import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSecrets } from '../../src/tokens/secrets.js';

const pepper = randomBytes(32);
const secrets = createSecrets({ pepper: () => pepper, random: randomBytes });

describe('secrets of apps', () => {
  it('a new secret has 256 random bits, in characters that need no escaping in a URL', () => {
    const made = Array.from({ length: 100 }, () => secrets.newSecret());
    expect(new Set(made).size).toBe(100);
    for (const secret of made) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    }
  });

  it('a new key never looks like an option of a command', () => {
    const made = Array.from({ length: 100 }, () => secrets.newKey());
    expect(new Set(made).size).toBe(100);
    for (const key of made) expect(key).toMatch(/^[\da-f]{32}$/);
  });

  it('only the HMAC of a secret with the pepper is stored', () => {
    const expected = new Uint8Array(createHmac('sha256', pepper).update('größe').digest());
    expect(secrets.hash('größe')).toEqual(expected);
    const otherPepper = randomBytes(32);
    const other = createSecrets({ pepper: () => otherPepper, random: randomBytes });
    expect(other.hash('größe')).not.toEqual(expected);
  });

  it('a secret matches its own hash and nothing else', () => {
    const hash = secrets.hash('secret');
    expect(secrets.matches('secret', hash)).toBe(true);
    expect(secrets.matches('Secret', hash)).toBe(false);
    expect(secrets.matches('secret', undefined)).toBe(false);
    expect(secrets.matches('secret', new Uint8Array(0))).toBe(false);
    expect(secrets.matches('secret', hash.subarray(0, 31))).toBe(false);
  });

  it('nothing matches a hash of zeros for a missing one', () => {
    const zeros = createSecrets({ pepper: () => pepper, random: randomBytes });
    expect(zeros.matches('', undefined)).toBe(false);
  });
});
