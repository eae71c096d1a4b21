/**
 * Authenticate, issuer keys: the secret that an issuer shares with the gateway.
 *
 * The set has the secret for HS* only, and a set of public keys (`jwk-set.ts`) never has a key for HS*. So no public key
 * can pass for a secret.
 */
import { createSecretKey } from 'node:crypto';
import { isSecretAlgorithm } from '../model/issuer.js';
import type { JwkSet } from './jwk-set.js';
import type { KeySet } from './key-set.js';

/**
 * Creates the key set of a secret, which never changes.
 * @param secret its UTF-8 bytes are the key
 * @param now epoch milliseconds
 */
export function createSecretKeySet(secret: string, now: () => number): KeySet {
  const keys = [createSecretKey(Buffer.from(secret, 'utf8'))];
  const readAtMs = now();
  const jwkSet: JwkSet = {
    fingerprint: 'secret',
    size: 1,
    hasKid: () => false,
    find: (_kid, algorithm) => (isSecretAlgorithm(algorithm) ? keys : []),
    jwks: () => [],
  };
  return {
    current: () => jwkSet,
    find: (_kid, algorithm) => Promise.resolve(isSecretAlgorithm(algorithm) ? { keys, jwkSet } : 'unknown'),
    renew: () => Promise.resolve(false),
    readAtMs: () => readAtMs,
    failure: () => undefined,
    close: () => undefined,
  };
}
