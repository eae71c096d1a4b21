import { randomBytes, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPasswords, passwordError } from '../../src/tokens/passwords.js';

const all = createPasswords({ random: randomBytes });
const from = { address: '192.0.2.1', isWanted: () => true };
const passwords = {
  hashPassword: (password: string) => all.hashPassword(password),
  verifyPassword: (password: string, hash: string | undefined) => all.verifyPassword(password, hash, from),
};

/** Each hash takes about 200 ms. */
const correctHorse = passwords.hashPassword('correct horse');

describe('passwords of users', () => {
  it('the hash contains its parameters, and is verified with them', async () => {
    const hash = await passwords.hashPassword('correct horse');
    const [, scheme, cost, salt, key] = hash.split('$');
    expect([scheme, cost]).toEqual(['scrypt', 'ln=15,r=8,p=3']);
    expect(Buffer.from(salt!, 'base64')).toHaveLength(16);
    const options = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
    const expected = scryptSync('correct horse', Buffer.from(salt!, 'base64'), 32, options);
    expect(Buffer.from(key!, 'base64')).toEqual(expected);
    expect(await passwords.verifyPassword('correct horse', hash)).toBe(true);
    expect(await passwords.verifyPassword('Correct horse', hash)).toBe(false);
  });

  it('the same password is hashed differently each time', async () => {
    const hashes = [
      await passwords.hashPassword('correct horse'),
      await passwords.hashPassword('correct horse'),
    ];
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('hashes with other costs are verified with their own', async () => {
    const salt = randomBytes(16);
    const key = scryptSync('correct horse', salt, 32, { N: 2 ** 14, r: 8, p: 1 });
    const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
    const hash = `$scrypt$ln=14,r=8,p=1$${unpadded(salt)}$${unpadded(key)}`;
    expect(await passwords.verifyPassword('correct horse', hash)).toBe(true);
    expect(await passwords.verifyPassword('battery', hash)).toBe(false);
  });

  it.each([
    '',
    'plain',
    '$scrypt$ln=15,r=8,p=3$short$short',
    `$scrypt$ln=30,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=0,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=15,r=99,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `$scrypt$ln=15,r=8,p=0$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  ])('a stored text that is no hash (%j) matches no password', async (hash) => {
    expect(await passwords.verifyPassword('correct horse', hash)).toBe(false);
  });

  it('an unknown user takes as long as a wrong password', async () => {
    const hash = await correctHorse;
    const time = async (of: string | undefined) => {
      const started = performance.now();
      expect(await passwords.verifyPassword('battery', of)).toBe(false);
      return performance.now() - started;
    };
    const fastest = { known: Infinity, unknown: Infinity };
    for (let i = 0; i < 4; i++) {
      fastest.known = Math.min(fastest.known, await time(hash));
      fastest.unknown = Math.min(fastest.unknown, await time(undefined));
    }
    expect(fastest.unknown).toBeGreaterThan(fastest.known / 2);
    expect(fastest.unknown).toBeLessThan(fastest.known * 2);
  });

  it('concurrent ones are hashed in turn', async () => {
    const hash = await correctHorse;
    const verify = () => passwords.verifyPassword('correct horse', hash);
    expect(await Promise.all([verify(), verify(), verify(), verify()])).toEqual([true, true, true, true]);
  });

  it('one whose caller has left is not hashed', async () => {
    const hash = await correctHorse;
    const gone = { ...from, isWanted: () => false };
    expect(await all.verifyPassword('correct horse', hash, gone)).toBe('busy');
  });

  it('a password is the same in every Unicode composition', async () => {
    const hash = await passwords.hashPassword('caf\u00e9 au lait');
    expect(await passwords.verifyPassword('cafe\u0301\u00a0au\u2003lait', hash)).toBe(true);
    expect(await passwords.verifyPassword('cafe au lait', hash)).toBe(false);
  });

  it('an overlong password is refused without hashing', async () => {
    const endless = 'a'.repeat(10_000_000);
    let fastestMs = Infinity;
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      expect(await passwords.verifyPassword(endless, undefined)).toBe(false);
      fastestMs = Math.min(fastestMs, performance.now() - started);
    }
    expect(fastestMs).toBeLessThan(50);
  });

  it.each([
    ['', 'at least 8'],
    ['1234567', 'at least 8'],
    ['\u{1f511}'.repeat(4), 'at least 8'],
    ['e\u0301'.repeat(7), 'at least 8'],
    ['12345678', undefined],
    ['a'.repeat(1024), undefined],
    ['a'.repeat(1025), 'at most 1024 bytes'],
    ['\u00e9'.repeat(513), 'at most 1024 bytes'],
  ])('the length of a new password has bounds (%#)', (password, flaw) => {
    if (flaw === undefined) expect(passwordError(password)).toBeUndefined();
    else expect(passwordError(password)).toContain(flaw);
  });
});
