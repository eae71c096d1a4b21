/** Key pairs for tests, generated as PEM. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface TestKeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * A pair whose halves can be exported as JWKs. A KeyObject that comes from `generateKeyPair` itself can deadlock Node
 * in that export, when a garbage collection falls into it.
 */
export function makeRsaKeyPair(modulusLength = 2048): TestKeyPair {
  return read(
    generateKeyPairSync('rsa', {
      modulusLength,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  );
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

function read({ publicKey, privateKey }: { publicKey: string; privateKey: string }): TestKeyPair {
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) };
}
