/** Authenticate: verifies an Ed25519 signature, by jose, since jsonwebtoken has no EdDSA. Called by `verify.ts`. */
import type { KeyObject } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { Algorithm } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import { INVALID_TOKEN } from './refusals.js';

/** The name of RFC 8037 3.1 and that of RFC 9864 2.2. */
const NAMES: readonly Algorithm[] = ['EdDSA', 'Ed25519'];

/** Checks the signature of a token; undefined where it is valid. */
type VerifySignature = (token: string, key: KeyObject) => Promise<Refusal | undefined>;

/** Creates the verifier for those names of Ed25519 that the issuer lists; undefined where it lists none. */
export function createVerifyEd25519(listed: readonly Algorithm[]): VerifySignature | undefined {
  const algorithms = NAMES.filter((name) => listed.includes(name));
  if (algorithms.length === 0) return undefined;
  return async function verifyEd25519(token, key) {
    try {
      await compactVerify(token, key, { algorithms });
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) return INVALID_TOKEN.signature;
      if (error instanceof errors.JOSEError) return INVALID_TOKEN.unverifiable;
      throw error;
    }
  };
}
