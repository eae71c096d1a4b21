/** Signing keys as they come into being, and the public half as others get it. */
import { createHash, createPublicKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';

/** The public half of an RS256 key (RFC 7517 4, RFC 7518 6.3.1), and nothing of the other. */
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
 * A new RS256 key of 2048 bits. It is generated as PEM: exporting a KeyObject that comes from `generateKeyPair` itself
 * as a JWK deadlocks Node when a garbage collection falls into the export.
 */
export async function generateRsaKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { n = '', e = '' } = createPublicKey(publicKey).export({ format: 'jwk' });
  const kid = thumbprint(n, e);
  return {
    kid,
    publicJwk: { kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e },
    privateKey,
  };
}

/** RFC 7638 3: the required members in this order, without space. */
function thumbprint(n: string, e: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}

/** Only what is public leaves, whatever has been stored. */
export function readPublicJwk(kid: string, stored: string): PublicJwk {
  const { n, e } = JSON.parse(stored) as Partial<PublicJwk>;
  if (typeof n !== 'string' || typeof e !== 'string')
    throw new TypeError(`signing key ${kid} has no public half`);
  return Object.freeze({ kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e });
}
