/** Authenticate, before all work: tokens that were verified stay verified, bounded by count and by bytes. */
import { LRUCache } from 'lru-cache';
import type { Principal } from '../model/principal.js';
import type { Validity } from './claims.js';
import type { KeySet } from './key-set.js';
import type { Keyring } from './keyring.js';

export interface VerifiedToken extends Validity {
  readonly principal: Principal;
  /** The keys by which it was verified: once its issuer has others, it must be verified again. */
  readonly keyring: Keyring;
  /** Where its issuer's keys are as they are now. */
  readonly keys: KeySet;
}

export interface TokenCache {
  get(token: string): VerifiedToken | undefined;
  set(token: string, verified: VerifiedToken): void;
}

/** What one remembered token may take on average: a token is 500 to 1,000 bytes as a rule, 8 KiB at most. */
const BYTES_PER_TOKEN = 2048;
const LEAST_BYTES = 64 * 1024;
/** The entry and the Principal, beside their texts. */
const OVERHEAD_BYTES = 512;

/** @param size how many tokens are remembered; 0: none */
export function createTokenCache(size: number): TokenCache {
  const tokens = new LRUCache<string, VerifiedToken>({
    max: size,
    maxSize: Math.max(size * BYTES_PER_TOKEN, LEAST_BYTES),
    // The Principal's texts are part of the token's, so they take at most as much again.
    sizeCalculation: (_verified, token) => 2 * token.length + OVERHEAD_BYTES,
  });
  return {
    get(token) {
      const verified = tokens.get(token);
      if (verified === undefined || verified.keys.current() === verified.keyring) return verified;
      tokens.delete(token);
      return undefined;
    },
    set(token, verified) {
      if (size > 0) tokens.set(token, verified);
    },
  };
}
