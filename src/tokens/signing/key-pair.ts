/** Generates signing keys and reads their public half. Called by the signer. */
import { createHash, createPublicKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';

/** The public half of an RS256 key (RFC 7517 4, RFC 7518 6.3.1), without private members. */
export interface PublicJwk extends JsonWebKey {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly n: string;
  readonly e: string;
}

export interface KeyPair {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  /** PKCS #8 PEM. */
  readonly privateKey: string;
}

const MODULUS_BITS = 2048;

const generate = promisify(generateKeyPair);

/**
 * Generates an RS256 key of 2048 bits. It is generated as PEM, because exporting a KeyObject of `generateKeyPair` as a
 * JWK deadlocks Node if a garbage collection happens during the export.
 */
export async function generateRsaKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return keyPairOf(publicKey, privateKey);
}

/** Makes the RS256 key of a pair that was generated as PEM: SPKI and PKCS #8. */
export function keyPairOf(publicKey: string, privateKey: string): KeyPair {
  const { n = '', e = '' } = createPublicKey(publicKey).export({ format: 'jwk' });
  const kid = thumbprint(n, e);
  return {
    kid,
    publicJwk: { kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e },
    privateKey,
  };
}

/** RFC 7638 3: the hash of the required members, in this order and without whitespace. */
function thumbprint(n: string, e: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

/** Reads the public members of a stored JWK, and no others. Throws a TypeError if one is missing. */
export function readPublicJwk(kid: string, stored: string): PublicJwk {
  const { n, e } = JSON.parse(stored) as Partial<PublicJwk>;
  if (typeof n !== 'string' || typeof e !== 'string')
    throw new TypeError(`signing key ${kid} has no public half`);
  return Object.freeze({ kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e });
}
