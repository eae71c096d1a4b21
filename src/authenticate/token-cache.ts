/** Authenticate, before all work: tokens that were verified stay verified, bounded by count and by bytes. */
import { LRUCache } from 'lru-cache';
import type { Principal } from '../model/principal.js';
import type { Validity } from './claims.js';
import type { Confirmation } from './confirmation.js';
import type { KeySet } from './key-set.js';
import type { JwkSet } from './jwk-set.js';

export interface VerifiedToken extends Validity {
  readonly principal: Principal;
  /** The client certificate that each request with it must come with. */
  readonly confirmation: Confirmation;
  /** The keys by which it was verified: once its issuer has others, it must be verified again. */
  readonly jwkSet: JwkSet;
  /** Where its issuer's keys are as they are now. */
  readonly keys: KeySet;
}

/** By the whole Authorization field, so that one that is known need not even be read. */
export interface TokenCache {
  get(authorization: string): VerifiedToken | undefined;
  set(authorization: string, verified: VerifiedToken): void;
}

interface Entry {
  readonly authorization: string;
  readonly verified: VerifiedToken;
}

/** What one remembered token may take on average: a token is 500 to 1,000 bytes as a rule, 16 KiB at most. */
const BYTES_PER_TOKEN = 2048;
const LEAST_BYTES = 64 * 1024;
/** The entry and the Principal, beside their texts. */
const OVERHEAD_BYTES = 512;
/** A scope, beside its text: a string of its own and its place in the list. Thousands fit into one token. */
const SCOPE_OVERHEAD_BYTES = 40;
/**
 * Of a field's end, which is a signature's: enough to tell tokens apart. Each request brings its field as a new string,
 * and a look into a Map begins with hashing all of one. However a caller spells `Bearer`, its token has one place.
 */
const TAIL = 43;

/** @param size how many tokens are remembered; 0: none */
export function createTokenCache(size: number): TokenCache {
  const entries = new LRUCache<string, Entry>({
    max: size,
    maxSize: Math.max(size * BYTES_PER_TOKEN, LEAST_BYTES),
    // The Principal's texts are part of the token's, so they take at most as much again.
    sizeCalculation: ({ authorization, verified: { principal } }) =>
      2 * authorization.length + SCOPE_OVERHEAD_BYTES * principal.scopes.length + OVERHEAD_BYTES,
  });
  return {
    get(authorization) {
      const tail = authorization.slice(-TAIL);
      const entry = entries.get(tail);
      if (entry?.authorization !== authorization) return undefined;
      const { verified } = entry;
      if (verified.keys.current() === verified.jwkSet) return verified;
      entries.delete(tail);
      return undefined;
    },
    set(authorization, verified) {
      if (size > 0) entries.set(authorization.slice(-TAIL), { authorization, verified });
    },
  };
}
