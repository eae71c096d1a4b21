import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flawOfJwks } from '../../src/config/check/keys.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicJwk = rsa.publicKey.export({ format: 'jwk' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

const isUsable = (key: unknown, ...algorithms: ('RS256' | 'ES256' | 'ES384')[]) =>
  flawOfJwks({ keys: [null, key] }, algorithms.length ? algorithms : ['RS256']) === undefined;

describe('a JWKS in the file', () => {
  it.each<[string, JsonWebKey]>([
    ['a bare public key', publicJwk],
    ['one for signatures', { ...publicJwk, use: 'sig' }],
    ['one that may verify', { ...publicJwk, key_ops: ['verify'] }],
    ['one of this algorithm', { ...publicJwk, alg: 'RS256' }],
  ])('is usable with %s', (_words, key) => {
    expect(isUsable(key)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a private key', rsa.privateKey.export({ format: 'jwk' })],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a key for encryption', { ...publicJwk, use: 'enc' }],
    ['a key that may only sign', { ...publicJwk, key_ops: ['sign'] }],
    ['key_ops that are no list', { ...publicJwk, key_ops: 'verify' }],
    ['a key of another algorithm', { ...publicJwk, alg: 'PS256' }],
    ['a key of another type', ec],
    ['an RSA key of 1024 bits', small],
    ['a broken key', { kty: 'RSA', n: 5, e: 'AQAB' }],
    ['something that is no key', 'key'],
  ])('is refused with nothing but %s', (_words, key) => {
    expect(isUsable(key)).toBe(false);
  });

  it('is judged by all of the algorithms that the issuer accepts', () => {
    expect(isUsable(ec, 'RS256', 'ES256')).toBe(true);
    expect(isUsable(ec, 'ES384')).toBe(false);
  });
});
