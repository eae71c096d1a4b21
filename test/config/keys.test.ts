import type { JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selectUsable } from '../../src/authenticate/jwk.js';
import { createJwkSet } from '../../src/authenticate/jwk-set.js';
import { jwksError } from '../../src/config/check/keys.js';
import type { Algorithm } from '../../src/model/issuer.js';
import { USUAL_TOKEN_TYPES } from '../../src/model/token-type.js';
import { makeEcKeyPair, makeEd25519KeyPair, makeRsaKeyPair } from '../support/key-pair.js';

const rsa = makeRsaKeyPair();
const publicJwk = rsa.publicKey.export({ format: 'jwk' });
const ec = makeEcKeyPair('P-256').publicKey.export({ format: 'jwk' });
const ed25519 = makeEd25519KeyPair().publicKey.export({ format: 'jwk' });
const ed448 = { kty: 'OKP', crv: 'Ed448', x: Buffer.alloc(57, 7).toString('base64url') };
const small = makeRsaKeyPair(1024).publicKey.export({ format: 'jwk' });

/** As written by serializers that include members without a value. */
const WITH_NULLS = JSON.stringify({
  ...publicJwk,
  alg: null,
  use: null,
  kid: null,
  key_ops: null,
  d: null,
  k: null,
});

/** Checks with `check` and with the running gateway, which must agree. */
async function isUsable(key: unknown, ...given: Algorithm[]): Promise<boolean> {
  const algorithms: readonly Algorithm[] = given.length ? given : ['RS256'];
  const accepted = { algorithms, tokenTypes: USUAL_TOKEN_TYPES };
  const jwks = { keys: [null, key] };
  const isAccepted = jwksError(jwks, accepted) === undefined;
  const { size } = await createJwkSet(selectUsable(jwks, accepted));
  expect(size).toBe(isAccepted ? 1 : 0);
  return isAccepted;
}

/** The bytes of a base64url number with zeros before them. */
const padded = (number = ''): string =>
  Buffer.concat([Buffer.alloc(200), Buffer.from(number, 'base64url')]).toString('base64url');

describe('a JWKS in the file', () => {
  it.each<[string, JsonWebKey]>([
    ['a bare public key', publicJwk],
    ['one for signatures', { ...publicJwk, use: 'sig' }],
    ['one that may verify', { ...publicJwk, key_ops: ['verify'] }],
    ['one of this algorithm', { ...publicJwk, alg: 'RS256' }],
    ['one that has null for what it does not say', JSON.parse(WITH_NULLS) as JsonWebKey],
  ])('is usable with %s', async (_words, key) => {
    expect(await isUsable(key)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a private key', rsa.privateKey.export({ format: 'jwk' })],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a key for encryption', { ...publicJwk, use: 'enc' }],
    ['a key that may only sign', { ...publicJwk, key_ops: ['sign'] }],
    ['key_ops that are no list', { ...publicJwk, key_ops: 'verify' }],
    ['a key of another algorithm', { ...publicJwk, alg: 'PS256' }],
    ['a key of another type', ec],
    ['a key of Ed25519', ed25519],
    ['a key of Ed448', ed448],
    ['an RSA key of 1024 bits', small],
    ['an RSA key that zeros make look long', { ...small, n: padded(small.n) }],
    ['a key whose exponent is 1', { ...publicJwk, e: 'AQ' }],
    ['a key whose exponent is even', { ...publicJwk, e: 'Ag' }],
    ['a kid that is no text', { ...publicJwk, kid: 7 }],
    ['a private member without the others', { ...publicJwk, p: 'AQAB' }],
    ["a symmetric key's member", { ...publicJwk, k: 'c2VjcmV0' }],
    ['a point that is not on its curve', { ...ec, x: ec.y }],
    ['a broken key', { kty: 'RSA', n: 5, e: 'AQAB' }],
    ['something that is no key', 'key'],
  ])('is refused with only %s', async (_words, key) => {
    expect(await isUsable(key)).toBe(false);
  });

  it('is checked for all algorithms that the issuer accepts', async () => {
    expect(await isUsable(ec, 'RS256', 'ES256')).toBe(true);
    expect(await isUsable(ec, 'ES384')).toBe(false);
    expect(await isUsable({ ...ec, x: ec.y }, 'ES256')).toBe(false);
  });

  it('is usable with a key of Ed25519 where one of its names is accepted, by the name that the key has', async () => {
    expect(await isUsable(ed25519, 'EdDSA')).toBe(true);
    expect(await isUsable(ed25519, 'Ed25519')).toBe(true);
    expect(await isUsable({ ...ed25519, alg: 'Ed25519' }, 'Ed25519', 'EdDSA')).toBe(true);
    expect(await isUsable({ ...ed25519, alg: 'EdDSA' }, 'Ed25519')).toBe(false);
    expect(await isUsable({ ...ed25519, d: 'AAAA' }, 'EdDSA')).toBe(false);
    expect(await isUsable({ ...ed25519, x: 'AAAA' }, 'EdDSA')).toBe(false);
    expect(await isUsable(ed448, 'EdDSA', 'Ed25519')).toBe(false);
    expect(await isUsable({ ...ed448, crv: 'Ed25519' }, 'EdDSA')).toBe(false);
    expect(await isUsable({ kty: 'OKP', crv: 'X25519', x: ed25519.x }, 'EdDSA')).toBe(false);
  });

  it('is refused with an Ed25519 key of small order, of which anybody can make signatures', async () => {
    const zeros = '00'.repeat(31);
    for (const [first, rest, last = ''] of [
      ['00', zeros],
      ['01', zeros],
      ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc', '', '05'],
      ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03', '', '7a'],
      ...['ec', 'ed', 'ee'].map((byte) => [byte, 'ff'.repeat(30), '7f'] as const),
    ] as const) {
      for (const sign of [0, 0x80]) {
        const bytes = Buffer.from(`${first}${rest}${last}`, 'hex');
        bytes[31] = bytes[31]! | sign;
        const x = bytes.toString('base64url');
        expect(await isUsable({ kty: 'OKP', crv: 'Ed25519', x }, 'EdDSA')).toBe(false);
      }
    }
    expect(
      jwksError(
        { keys: [{ kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).toString('base64url') }] },
        { algorithms: ['EdDSA'], tokenTypes: USUAL_TOKEN_TYPES },
      )?.text,
    ).toContain('key 1 is too weak: a point of small order, for which anybody can sign');
  });

  it('is never usable for HS*, whatever its keys', async () => {
    for (const key of [
      publicJwk,
      ec,
      ed25519,
      { kty: 'oct', k: 'c2VjcmV0' },
      { ...publicJwk, alg: 'HS256' },
    ]) {
      expect(await isUsable(key, 'HS256', 'HS384', 'HS512')).toBe(false);
    }
  });

  it('is reported key by key with what is wrong', () => {
    const keys = [null, { ...publicJwk, kid: 7 }, { ...publicJwk, use: 'enc' }, small, ec, ec];
    expect(jwksError({ keys }, { algorithms: ['RS256'], tokenTypes: USUAL_TOKEN_TYPES })?.text).toBe(
      'no key of the JWKS can be used with RS256, for which it needs a public signature key, RSA of 2048 bits or more: ' +
        'key 1 is no object, key 2 has a "kid" that is no text, key 3 has a "use" other than "sig", ' +
        'key 4 is too weak: fewer than 2048 bits, or an exponent that is 1 or even, and 2 more',
    );
    expect(jwksError({ keys: [] }, { algorithms: ['RS256'], tokenTypes: USUAL_TOKEN_TYPES })?.text).toContain(
      'it is empty',
    );
  });
});
