import { readFile } from 'node:fs/promises';
import { createPublicKey, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateRsaKeyPair } from '../../../src/tokens/signing/key-pair.js';
import type { Signer } from '../../../src/tokens/signing/signer.js';
import { createKeyEncryption, type KeyEncryption } from '../../../src/tokens/key-encryption.js';
import { NOW, signingKey } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';
import { createInstallation, nextKeyPair, watchReading, type Installation } from './support.js';

const MINUTE = 60_000;
const schedule = { rotateEveryMs: 60 * MINUTE, publishBeforeMs: 10 * MINUTE, longestLifetimeMs: 20 * MINUTE };

let installation: Installation;
let nowMs: number;
const now = () => nowMs;
beforeEach(async () => {
  installation = await createInstallation();
  nowMs = NOW;
});
afterEach(() => installation.close());

const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const kidsOf = (signer: Signer) => signer.jwks().keys.map(({ kid }) => kid);
/** Verifies with only the published keys. */
const verify = (token: string, { keys }: { keys: readonly JWK[] }) =>
  jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), {
    algorithms: ['RS256'],
    currentDate: new Date(nowMs),
  });

describe('a signer', () => {
  it('signs RS256 with a kid that its JWKS has, and adds nothing to the claims', async () => {
    const signer = await installation.openSigner({ now });
    const claims = { iss: 'https://gate.test', sub: 'app', scope: ['a:b'], iat: 1_784_000_000 };
    const token = await signer.sign(claims, 'app');
    const { payload, protectedHeader } = await verify(token, signer.jwks());
    expect(payload).toEqual(claims);
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: kidsOf(signer)[0] });
  });

  it('publishes the public half of a 2048-bit key, named by its thumbprint, and nothing else', async () => {
    const { kid, publicJwk } = await generateRsaKeyPair();
    const signer = await installation.openSigner({
      generateKeyPair: async () => ({
        ...(await nextKeyPair()),
        kid,
        publicJwk: { ...publicJwk, d: 'AQAB' },
      }),
    });
    expect(kid).toBe(await calculateJwkThumbprint(publicJwk));
    expect(signer.jwks()).toEqual({
      keys: [{ kty: 'RSA', kid, alg: 'RS256', use: 'sig', n: publicJwk.n, e: 'AQAB' }],
    });
    const { modulusLength } = createPublicKey({ key: publicJwk, format: 'jwk' }).asymmetricKeyDetails!;
    expect(modulusLength).toBe(2048);
    expect(JSON.stringify(signer.jwks())).not.toMatch(/"(d|p|q|dp|dq|qi)"/);
  });

  it('agrees with gateways that start at once on the first key, and one that starts later finds it', async () => {
    const signers = await Promise.all(Array.from({ length: 4 }, () => installation.openSigner({ now })));
    signers.push(await installation.openSigner({ now }));
    for (const signer of signers) expect(kidsOf(signer)).toEqual(kidsOf(signers[0]!));
    await verify(await signers[1]!.sign({ iat: 1 }, 'app'), signers[4]!.jwks());
  });

  it('publishes the next key before it signs, and the last one until its last token has expired', async () => {
    const signer = await installation.openSigner({ now, ...schedule });
    const [first] = kidsOf(signer);
    const at = async (minute: number) => {
      nowMs = NOW + minute * MINUTE;
      await signer.refresh();
      return { signs: kidOf(await signer.sign({ iat: 1 }, 'app')), published: kidsOf(signer) };
    };
    expect(await at(49)).toEqual({ signs: first, published: [first] });
    const { signs, published } = await at(50);
    const [, second] = published;
    expect([signs, published]).toEqual([first, [first, second]]);
    expect(await at(59)).toEqual({ signs: first, published: [first, second] });
    expect(await at(60)).toEqual({ signs: second, published: [first, second] });
    expect(await at(89)).toEqual({ signs: second, published: [first, second] });
    expect(await at(90)).toEqual({ signs: second, published: [second] });
    expect((await at(110)).published).toHaveLength(2);
  });

  it('keeps every key if tokens never expire', async () => {
    const signer = await installation.openSigner({ now, ...schedule, longestLifetimeMs: undefined });
    const first = await signer.sign({ iat: 1 }, 'app');
    for (let i = 0; i < 3; i++) {
      nowMs += 60 * MINUTE;
      await signer.refresh();
    }
    expect(kidsOf(signer)).toHaveLength(4);
    await verify(first, signer.jwks());
  });

  it('shares the next key: one of several gateways creates it, and all publish it before any of them signs with it', async () => {
    const signers = await Promise.all([1, 2, 3].map(() => installation.openSigner({ now, ...schedule })));
    nowMs += 50 * MINUTE;
    await Promise.all(signers.map((signer) => signer.refresh()));
    // The losers of the race read again at once.
    for (const signer of signers) expect(kidsOf(signer)).toEqual(kidsOf(signers[0]!));
    expect(kidsOf(signers[0]!)).toHaveLength(2);
    nowMs += 10 * MINUTE;
    const kids = (await Promise.all(signers.map((signer) => signer.sign({ iat: 1 }, 'app')))).map(kidOf);
    expect(new Set(kids)).toEqual(new Set([kidsOf(signers[0]!)[1]]));
  });

  it('notifies at once when its keys have changed, and only then', async () => {
    const signer = await installation.openSigner({ now, ...schedule });
    const told: number[] = [];
    const stop = signer.onChange(() => told.push(signer.jwks().keys.length));
    const before = signer.jwks();
    await signer.refresh();
    expect(signer.jwks()).toBe(before);
    expect(told).toEqual([]);
    nowMs += 50 * MINUTE;
    await signer.refresh();
    expect(told).toEqual([2]);
    stop();
    nowMs += 90 * MINUTE;
    await signer.refresh();
    expect(told).toEqual([2]);
  });

  it('signs with the earliest key if the clock has been set back', async () => {
    const signer = await installation.openSigner({ now, ...schedule });
    nowMs += 50 * MINUTE;
    await signer.refresh();
    nowMs = NOW - 1000;
    expect(kidOf(await signer.sign({ iat: 1 }, 'app'))).toBe(kidsOf(signer)[0]);
  });

  it('merges many concurrent refreshes into one', async () => {
    const registry = await installation.openRegistry();
    let reads = 0;
    const counting = watchReading(registry, () => {
      reads += 1;
    });
    const signer = await installation.openSigner({ registry: counting, now });
    reads = 0;
    await Promise.all(Array.from({ length: 10 }, () => signer.refresh()));
    expect(reads).toBe(1);
  });
});

describe('a signer with a key_encryption_key', () => {
  const encryptionOf = (keyEncryptionKey: string | undefined, previousKeyEncryptionKey?: string) =>
    createKeyEncryption({ keyEncryptionKey, previousKeyEncryptionKey }, randomBytes);

  it('stores no private key in the clear, and reads its own again', async () => {
    const first = await installation.openSigner({ now, keyEncryption: encryptionOf('secret') });
    const [stored] = await (await installation.openRegistry()).signingKeys(nowMs);
    expect(stored!.privateKey).toMatch(/^tollgate-sealed-1\./);
    const second = await installation.openSigner({ now, keyEncryption: encryptionOf('secret') });
    await verify(await second.sign({ iat: 1 }, 'app'), first.jwks());
  });

  it.each([
    ['without it', undefined, 'key_encryption_key must be set'],
    ['with another', 'other', 'another key_encryption_key'],
  ])('of a gateway %s does not start', async (_, key, message) => {
    await installation.openSigner({ now, keyEncryption: encryptionOf('secret') });
    await expect(installation.openSigner({ now, keyEncryption: encryptionOf(key) })).rejects.toThrow(message);
  });

  it('encrypts keys stored before there was one, and leaves no private key in the file', async () => {
    const plain = await installation.openSigner({ now, ...schedule });
    nowMs += 50 * MINUTE;
    await plain.refresh();
    nowMs += 11 * MINUTE;
    expect(await bytesOf(installation.path)).toContain('PRIVATE KEY');
    // Of several gateways that start at once, any may be the one that does it.
    const gates = await Promise.all(
      [1, 2, 3].map(() =>
        installation.openSigner({ now, keyEncryption: encryptionOf('secret'), ...schedule }),
      ),
    );
    const stored = await (await installation.openRegistry()).signingKeys(0);
    expect(stored).toHaveLength(2);
    for (const { privateKey } of stored) expect(privateKey).toMatch(/^tollgate-sealed-1\./);
    expect(await bytesOf(installation.path)).not.toContain('PRIVATE KEY');
    const again = await installation.openSigner({ now, keyEncryption: encryptionOf('secret'), ...schedule });
    for (const gate of [...gates, again]) await verify(await gate.sign({ iat: 1 }, 'app'), plain.jwks());
  });

  it('encrypts keys of the previous key_encryption_key again, while a gateway that has only that goes on signing', async () => {
    const before = await installation.openSigner({ now, keyEncryption: encryptionOf('old'), ...schedule });
    nowMs += 50 * MINUTE;
    await before.refresh();
    nowMs += 11 * MINUTE;
    await Promise.all(
      [1, 2].map(() =>
        installation.openSigner({ now, keyEncryption: encryptionOf('new', 'old'), ...schedule }),
      ),
    );
    await before.refresh();
    const after = await installation.openSigner({ now, keyEncryption: encryptionOf('new'), ...schedule });
    expect(kidsOf(after)).toHaveLength(2);
    for (const signer of [before, after]) await verify(await signer.sign({ iat: 1 }, 'app'), after.jwks());
    await expect(
      installation.openSigner({ now, keyEncryption: encryptionOf('old'), ...schedule }),
    ).rejects.toThrow('another key_encryption_key');
  });

  it('publishes a key that only another gateway can decrypt, does not sign with it, and logs that once', async () => {
    const errors: [object, string][] = [];
    const log = {
      ...SILENT,
      error: (fields: object, message: string) => void errors.push([fields, message]),
    };
    const plain = await installation.openSigner({ now, log, ...schedule });
    nowMs += 50 * MINUTE;
    const sealing = await installation.openSigner({
      now,
      keyEncryption: encryptionOf('secret'),
      ...schedule,
    });
    for (let i = 0; i < 3; i++) await plain.refresh();
    expect(kidsOf(plain)).toEqual(kidsOf(sealing));
    nowMs += 10 * MINUTE;
    expect(kidOf(await plain.sign({ iat: 1 }, 'app'))).toBe(kidsOf(sealing)[0]);
    await verify(await sealing.sign({ iat: 1 }, 'app'), plain.jwks());
    const reason = 'the signing keys are encrypted: key_encryption_key must be set';
    expect(errors).toEqual([[{ reason }, 'a signing key cannot be decrypted: it is only published']]);
  });

  it('need not decrypt a key that no longer signs', async () => {
    const sealing = await installation.openSigner({ now, keyEncryption: encryptionOf('lost'), ...schedule });
    nowMs += 50 * MINUTE;
    const lost = encryptionOf('lost');
    const plain = encryptionOf(undefined);
    // Decrypts existing keys, and stores its own in the clear.
    const turning: KeyEncryption = {
      encrypt: (kid, key) => plain.encrypt(kid, key),
      replacement: () => Promise.resolve(undefined),
      decrypt: (kid, stored) => lost.decrypt(kid, stored),
    };
    await installation.openSigner({ now, keyEncryption: turning, ...schedule });
    nowMs += 11 * MINUTE;
    const later = await installation.openSigner({ now, keyEncryption: plain, ...schedule });
    await verify(await sealing.sign({ iat: 1 }, 'app'), later.jwks());
    expect(kidsOf(later)).toHaveLength(2);
  });
});

describe('a signer while its registry is unavailable', () => {
  it('does not start without it', async () => {
    const registry = await installation.openRegistry();
    await registry.close();
    await expect(installation.openSigner({ registry })).rejects.toThrow();
  });

  it('does not start if a key has lost its public half', async () => {
    const registry = await installation.openRegistry();
    await registry.addSigningKey(signingKey({ kid: 'broken', createdAtMs: NOW }), []);
    await expect(installation.openSigner({ registry, now })).rejects.toThrow(
      'signing key broken has no public half',
    );
  });

  it('throws an error instead of issuing a token if the registry has no signing key', async () => {
    const registry = {
      signingKeys: () => Promise.resolve([]),
      addSigningKey: () => Promise.resolve(false),
      replacePrivateKeys: () => Promise.resolve(),
    };
    const signer = await installation.openSigner({ registry });
    await expect(signer.sign({ iat: 1 }, 'app')).rejects.toThrow('there is no key to sign with');
  });

  it('continues with the keys it has, and logs the outage once and its end', async () => {
    const registry = await installation.openRegistry();
    let away = false;
    const failing = watchReading(registry, () => {
      if (away) throw new Error('gone');
    });
    const said: [object, string][] = [];
    const say = (fields: object, message: string) => void said.push([fields, message]);
    const log = { ...SILENT, warn: say, info: say };
    const signer = await installation.openSigner({ registry: failing, log, publishBeforeMs: 40 });
    said.length = 0;
    away = true;
    await expect(signer.refresh()).rejects.toThrow('gone');
    await sleep(100);
    expect(said).toEqual([[{ reason: 'gone' }, 'the signing keys cannot be read']]);
    await verify(await signer.sign({ iat: 1 }, 'app'), signer.jwks());
    away = false;
    while (said.length < 2) await sleep(5);
    expect(said[1]).toEqual([{}, 'the signing keys can be read again']);
  });

  it('does not read it after it is closed', async () => {
    const registry = await installation.openRegistry();
    let reads = 0;
    const counting = watchReading(registry, () => {
      reads += 1;
    });
    const signer = await installation.openSigner({ registry: counting, publishBeforeMs: 40 });
    const refreshing = signer.refresh();
    signer.close();
    await refreshing;
    const before = reads;
    await sleep(50);
    expect(reads).toBe(before);
  });
});

describe('signing', () => {
  it('does not block the event loop, and lets callers take turns', async () => {
    const signer = await installation.openSigner({ now });
    const order: string[] = [];
    const sign = async (caller: string): Promise<void> => {
      await signer.sign({ iat: 1 }, caller);
      order.push(caller);
    };
    const many = Array.from({ length: 50 }, () => sign('many'));
    const one = sign('one');
    // With signatures on the event loop all of them would be made before anything else runs.
    await new Promise((resolve) => setImmediate(resolve));
    expect(order.length).toBeLessThan(50);
    await Promise.all([...many, one]);
    expect(order.indexOf('one')).toBeLessThanOrEqual(2);
  });
});

/** The file with its write-ahead log. */
async function bytesOf(path: string): Promise<string> {
  const parts = await Promise.all(
    [path, `${path}-wal`].map((each) => readFile(each, 'latin1').catch(() => '')),
  );
  return parts.join('');
}

describe('rotation under load', () => {
  it('no valid token of either gateway is refused by the other, when new or about to expire', async () => {
    const lifetimeMs = 300;
    const options = { rotateEveryMs: 1400, publishBeforeMs: 700, longestLifetimeMs: lifetimeMs };
    const gates = [await installation.openSigner(options), await installation.openSigner(options)];
    const kids = new Set<unknown>();
    const verifications: Promise<unknown>[] = [];
    nowMs = Date.now();

    // Through two rotations and the end of the first key.
    for (let turn = 0; kids.size < 3 || gates[1]!.jwks().keys.length > 2; turn++) {
      const [own, other] = turn % 2 === 0 ? [gates[0]!, gates[1]!] : [gates[1]!, gates[0]!];
      const token = await own.sign({ iat: Math.floor(nowMs / 1000) }, 'app');
      kids.add(kidOf(token));
      verifications.push(verify(token, other.jwks()));
      verifications.push(sleep(lifetimeMs).then(() => verify(token, other.jwks())));
      await sleep(10);
    }
    const refused = (await Promise.allSettled(verifications)).filter(({ status }) => status === 'rejected');
    expect(refused).toEqual([]);
  });
});
