/** Key pairs for tests, generated as PEM. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KEYS_FILE, USUAL_BITS, generateRsaPem, type PemPair } from './keys.global.js';

export interface TestKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Those that were made before all tests. */
let made: PemPair[] | undefined;
let used = 0;

/**
 * A pair whose halves can be exported as JWKs. A KeyObject that comes from `generateKeyPair` itself can
 * deadlock Node in that export, during a garbage collection.
 *
 * Making one takes about 200 ms, so those of the usual size are made beforehand, and used in turn: no two of
 * 32 in a row are the same.
 */
export function makeRsaKeyPair(modulusLength = USUAL_BITS): TestKeyPair {
  if (modulusLength !== USUAL_BITS) return read(generateRsaPem(modulusLength));
  made ??= JSON.parse(readFileSync(KEYS_FILE, 'utf8')) as PemPair[];
  return read(made[used++ % made.length]!);
}

/** The same for an elliptic curve, named as in a JWK: `P-256`. */
export function makeEcKeyPair(namedCurve: string): TestKeyPair {
  return read(
    generateKeyPairSync('ec', {
      namedCurve,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  );
}

function read({ publicKey, privateKey }: PemPair): TestKeyPair {
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) };
}
