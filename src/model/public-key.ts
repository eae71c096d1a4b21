/** Reads a public key from PEM text, for the gateway and for `check`. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** The PEM blocks that hold a public key: SubjectPublicKeyInfo and certificates (RFC 7468 13 and 5.1). */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;
const ACCEPTED: ReadonlySet<string | undefined> = new Set(['PUBLIC KEY', 'CERTIFICATE']);

/**
 * Returns the public key of a PEM text as a JWKS document with one entry, so that the rules for a JWKS apply to it. A
 * certificate counts by its key alone.
 * @returns the document, or the reason why the text holds no such key
 */
export function jwksOfPem(text: string): { readonly keys: readonly [JsonWebKey] } | string {
  const blocks = [...text.matchAll(BLOCK)];
  // Node would derive the public key of a private one.
  if (blocks.some(([, label]) => label?.includes('PRIVATE'))) return 'holds a private key';
  const [block, ...more] = blocks;
  if (!block || more.length > 0 || !ACCEPTED.has(block[1]))
    return 'must hold one PEM block, "BEGIN PUBLIC KEY" or "BEGIN CERTIFICATE"';
  try {
    return { keys: [createPublicKey(block[0]).export({ format: 'jwk' })] };
  } catch {
    return 'holds no RSA, EC or Ed25519 public key';
  }
}
