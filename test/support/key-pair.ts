/** Key pairs for tests, generated as PEM. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  generateEcPem,
  generateEd25519Pem,
  generateRsaPem,
  type PemPair,
} from '../../src/testing/signing-key.js';
import { KEYS_FILE, USUAL_BITS } from './keys.global.js';

export interface TestKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Those that were generated before all tests. */
let generated: PemPair[] | undefined;
let used = 0;

/**
 * Generating a pair takes about 200 ms, so those of the usual size are generated beforehand, and used in turn: no two
 * of 32 in a row are the same.
 */
export function rsaPem(modulusLength = USUAL_BITS): PemPair {
  if (modulusLength !== USUAL_BITS) return generateRsaPem(modulusLength);
  generated ??= JSON.parse(readFileSync(KEYS_FILE, 'utf8')) as PemPair[];
  return generated[used++ % generated.length]!;
}

/**
 * A pair whose halves can be exported as JWKs. A KeyObject that comes from `generateKeyPair` itself can deadlock Node
 * in that export, during a garbage collection.
 */
export function makeRsaKeyPair(modulusLength = USUAL_BITS): TestKeyPair {
  return read(rsaPem(modulusLength));
}

/** The same for an elliptic curve, named as in a JWK: `P-256`. */
export function makeEcKeyPair(namedCurve: string): TestKeyPair {
  return read(generateEcPem(namedCurve));
}

/** The same for Ed25519. */
export function makeEd25519KeyPair(): TestKeyPair {
  return read(generateEd25519Pem());
}

function read({ publicKey, privateKey }: PemPair): TestKeyPair {
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) };
}
