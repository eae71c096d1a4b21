import { createHash, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Algorithm } from '../../src/model/issuer.js';
import { makeRsaKeyPair } from '../support/key-pair.js';
import { createSigningKey, createTestIssuer, type SigningKey, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome } from './support.js';

const UNKNOWN = '401 The token is signed with an unknown key';
const GOOD = 'test-issuer/app-1';

let issuer: TestIssuer;
let spare: SigningKey;

beforeAll(async () => {
  issuer = await createTestIssuer();
  spare = createSigningKey();
});

afterAll(() => issuer.close());

/**
 * The result for a token signed by this key, once its issuer has published these entries beside a valid one.
 */
async function showWith(
  entries: readonly unknown[],
  key = spare,
  algorithms: Algorithm[] = ['RS256'],
): Promise<string> {
  const stage = createStage([
    issuer.model({ algorithms, keys: { kind: 'inline', jwks: { keys: [issuer.key.jwk, ...entries] } } }),
  ]);
  const found = outcome(await stage.show(issuer.sign({}, {}, key)));
  if (algorithms.includes('RS256')) expect(outcome(await stage.show(issuer.sign()))).toBe(GOOD);
  stage.close();
  return found;
}

/** The bytes of a base64url number with zeros before them. */
function padded(number: string | undefined): string {
  return Buffer.concat([Buffer.alloc(64), Buffer.from(number ?? '', 'base64url')]).toString('base64url');
}

describe('A key in a JWKS', () => {
  it('is used if it states a suitable use, or none', async () => {
    const { kty, n, e } = spare.jwk;
    const { kid } = spare;
    expect(await showWith([spare.jwk])).toBe(GOOD);
    expect(await showWith([{ kty, n, e, kid }])).toBe(GOOD);
    expect(
      await showWith([{ kty, n, e, kid, key_ops: ['verify'], x5c: ['no certificate'], x5u: 'no url' }]),
    ).toBe(GOOD);
  });

  it.each<[string, object]>([
    ['is for encryption', { use: 'enc' }],
    ['has a use that is no text', { use: ['sig'] }],
    ['has key_ops without verify', { key_ops: ['sign', 'encrypt'] }],
    ['has key_ops that are no list', { key_ops: 'verify' }],
    ['has another algorithm', { alg: 'RS512' }],
    ['has an algorithm for encryption', { alg: 'RSA-OAEP' }],
    ['has an algorithm that is no text', { alg: 5 }],
    ['has the algorithm none', { alg: 'none' }],
    ['has another kid', { kid: 'another' }],
    ['has a kid that is no text', { kid: 5 }],
    ['has a private exponent', { d: 'AQAB' }],
    ['has a private prime', { p: 'AQAB' }],
    ['is symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
    ['has a symmetric part', { k: 'c2VjcmV0' }],
    ['is of an unknown type', { kty: 'OKP', crv: 'Ed25519' }],
    ['is of no type', { kty: undefined }],
    ['has the exponent 1', { e: 'AQ' }],
    ['has an even exponent', { e: 'AQAA' }],
    ['has the exponent 0', { e: 'AA' }],
    ['has no modulus', { n: undefined }],
    ['has a modulus that is no text', { n: 5 }],
    ['has a broken modulus', { n: '***' }],
  ])('is not used when it %s', async (_what, change) => {
    expect(await showWith([{ ...spare.jwk, ...change }])).toBe(UNKNOWN);
  });

  it('is not used when it is the whole private key', async () => {
    expect(await showWith([{ ...spare.privateKey.export({ format: 'jwk' }), kid: spare.kid }])).toBe(UNKNOWN);
  });

  it('is not used under 2048 bits, leading zeros or not', async () => {
    const short = createSigningKey('RS256', 1024);
    expect(await showWith([short.jwk], short)).toBe(UNKNOWN);
    expect(await showWith([{ ...short.jwk, n: padded(short.jwk.n) }], short)).toBe(UNKNOWN);
  });

  it('may have null for optional members', async () => {
    const { kty, n, e } = spare.jwk;
    const nulls = { alg: null, use: null, key_ops: null, x5c: null, d: null, k: null, crv: null };
    expect(await showWith([{ ...nulls, kty, n, e, kid: spare.kid }])).toBe(GOOD);
    expect(await showWith([{ ...nulls, kty, n, e, kid: null }])).toBe(UNKNOWN);
    const stage = createStage([
      issuer.model({ keys: { kind: 'inline', jwks: { keys: [{ ...nulls, kty, n, e, kid: null }] } } }),
    ]);
    expect(outcome(await stage.show(issuer.sign({}, { kid: undefined }, spare)))).toBe(GOOD);
    stage.close();
  });

  it('does not affect the other keys, whatever its content', async () => {
    expect(await showWith([null, 5, 'key', [], {}, { kty: 'RSA' }, { keys: [] }, spare.jwk])).toBe(GOOD);
  });

  it('verifies its one signature algorithm if it names one, else those of its type that its issuer uses', async () => {
    const { kty, n, e } = spare.jwk;
    const { kid } = spare;
    const pss: SigningKey = { ...spare, alg: 'PS256' };
    expect(await showWith([{ kty, n, e, kid }], pss, ['RS256', 'PS256'])).toBe(GOOD);
    expect(await showWith([spare.jwk], pss, ['RS256', 'PS256'])).toBe(UNKNOWN);
    expect(await showWith([{ ...spare.jwk, alg: 'PS256' }], pss, ['RS256', 'PS256'])).toBe(GOOD);
  });

  it('with a curve verifies only that curve', async () => {
    const elliptic = createSigningKey('ES256');
    const wide = createSigningKey('ES384');
    const algorithms: Algorithm[] = ['ES256', 'ES384'];
    expect(await showWith([elliptic.jwk], elliptic, algorithms)).toBe(GOOD);
    expect(await showWith([{ ...elliptic.jwk, alg: undefined }], elliptic, algorithms)).toBe(GOOD);
    expect(await showWith([{ ...wide.jwk, kid: elliptic.kid, alg: 'ES256' }], elliptic, algorithms)).toBe(
      UNKNOWN,
    );
    expect(await showWith([{ ...elliptic.jwk, crv: 'secp256k1' }], elliptic, algorithms)).toBe(UNKNOWN);
    expect(await showWith([{ ...elliptic.jwk, crv: undefined }], elliptic, algorithms)).toBe(UNKNOWN);
    expect(await showWith([{ ...elliptic.jwk, x: elliptic.jwk.y }], elliptic, algorithms)).toBe(UNKNOWN);
  });

  it('is used even if another has the same kid and algorithm', async () => {
    const rival = { ...createSigningKey().jwk, kid: spare.kid };
    expect(await showWith([spare.jwk, rival])).toBe(GOOD);
    expect(await showWith([rival, spare.jwk])).toBe(GOOD);
    expect(await showWith([spare.jwk, spare.jwk])).toBe(GOOD);
    const elliptic = { ...createSigningKey('ES256').jwk, kid: spare.kid };
    expect(await showWith([spare.jwk, elliptic], spare, ['RS256', 'ES256'])).toBe(GOOD);
  });

  it('may be named by its thumbprint or any other text', async () => {
    const { publicKey, privateKey } = makeRsaKeyPair();
    const jwk: JsonWebKey = publicKey.export({ format: 'jwk' });
    const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
    const key: SigningKey = { kid, alg: 'RS256', privateKey, jwk: { ...jwk, kid } };
    expect(await showWith([key.jwk], key)).toBe(GOOD);
  });
});

describe('A JWKS', () => {
  it('without a usable key refuses every token as signed with an unknown key', async () => {
    for (const keys of [[], [{ ...spare.jwk, use: 'enc' }], [{ ...spare.jwk, n: '***' }]]) {
      const stage = createStage([issuer.model({ keys: { kind: 'inline', jwks: { keys } } })]);
      expect(outcome(await stage.show(issuer.sign({}, {}, spare)))).toBe(UNKNOWN);
      stage.close();
    }
  });

  it('that is invalid leaves its tokens undecided', async () => {
    for (const jwks of [null, 5, [], { keys: {} }, 'keys']) {
      const stage = createStage([issuer.model({ keys: { kind: 'inline', jwks } })]);
      expect(await stage.show(issuer.sign())).toMatchObject({ status: 503, reason: 'keys_unavailable' });
      stage.close();
    }
  });
});
