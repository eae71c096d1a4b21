/** Whether a JWKS (RFC 7517 5) that stands in the configuration, or in a file, has a key that the gate can use. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { Algorithm } from '../../model/issuer.js';
import { Flaw } from '../problem.js';

/** What is wrong with the set; undefined where one key at least fits one of the algorithms. */
export function flawOfJwks(jwks: unknown, algorithms: readonly Algorithm[]): Flaw | undefined {
  if (!isRecord(jwks) || !Array.isArray(jwks['keys']))
    return new Flaw('a JWKS is an object with a list "keys"');
  const keys: readonly unknown[] = jwks['keys'];
  if (keys.some((key) => algorithms.some((algorithm) => fits(key, algorithm)))) return undefined;
  return new Flaw(
    `no key of the JWKS can be used with ${algorithms.join(', ')}: it needs a public signature key, RSA of 2048 bits or more`,
  );
}

export function flawOfJwksText(text: string, algorithms: readonly Algorithm[]): Flaw | undefined {
  try {
    return flawOfJwks(JSON.parse(text), algorithms);
  } catch {
    return new Flaw('the JWKS file is not JSON');
  }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

function fits(key: unknown, algorithm: Algorithm): boolean {
  if (!isRecord(key)) return false;
  const { kty, use, key_ops: operations, alg, crv } = key;
  if (key['d'] !== undefined || (use !== undefined && use !== 'sig')) return false;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false;
  if (alg !== undefined && alg !== algorithm) return false;
  const curve = CURVES[algorithm];
  if (curve === undefined ? kty !== 'RSA' : kty !== 'EC' || crv !== curve) return false;
  try {
    const details = createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails;
    return curve !== undefined || (details?.modulusLength ?? 0) >= 2048;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
