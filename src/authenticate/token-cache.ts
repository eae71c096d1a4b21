/** Authenticate: caches verified tokens, limited by count and by bytes. Called by `authenticate.ts`. */
import { LRUCache } from 'lru-cache';
import type { Principal } from '../model/principal.js';
import type { Validity } from './claims.js';
import type { Confirmation } from './confirmation.js';
import type { KeySet } from './key-set.js';
import type { JwkSet } from './jwk-set.js';

export interface VerifiedToken extends Validity {
  readonly principal: Principal;
  /** The client certificate that each request with this token needs. */
  readonly confirmation: Confirmation;
  /** The keys that verified it. Once its issuer has others, the token is verified again. */
  readonly jwkSet: JwkSet;
  /** The issuer's current keys. */
  readonly keys: KeySet;
}

/** The key is the whole Authorization field, so a cached one is not parsed. */
export interface TokenCache {
  get(authorization: string): VerifiedToken | undefined;
  set(authorization: string, verified: VerifiedToken): void;
}

interface Entry {
  readonly authorization: string;
  readonly verified: VerifiedToken;
}

/** The average size of a cached token: a token usually has 500 to 1,000 bytes, 16 KiB at most. */
const BYTES_PER_TOKEN = 2048;
const MIN_BYTES = 64 * 1024;
/** The entry and the Principal, without their strings. */
const OVERHEAD_BYTES = 512;
/** A scope or a value within a claim, without its characters: an object and its place. Thousands fit into one token. */
const VALUE_OVERHEAD_BYTES = 40;
/**
 * The length of the map key: the end of the field, which is the end of a signature and distinguishes tokens. Each
 * request has its field as a new string, and a Map hashes the whole key. Different spellings of `Bearer` share
 * an entry.
 */
const TAIL_LENGTH = 43;

/**
 * Creates the cache. A token is found as long as its issuer's keys are unchanged.
 * @param size how many tokens are cached; 0: none
 */
export function createTokenCache(size: number): TokenCache {
  const entries = new LRUCache<string, Entry>({
    max: size,
    maxSize: Math.max(size * BYTES_PER_TOKEN, MIN_BYTES),
    // The Principal's strings come from the token, so they take at most its size again.
    sizeCalculation: ({ authorization, verified: { principal } }) =>
      2 * authorization.length +
      VALUE_OVERHEAD_BYTES * (principal.scopes.length + countValues(principal.claims)) +
      OVERHEAD_BYTES,
  });
  return {
    get(authorization) {
      const tail = authorization.slice(-TAIL_LENGTH);
      const entry = entries.get(tail);
      if (entry?.authorization !== authorization) return undefined;
      const { verified } = entry;
      if (verified.keys.current() === verified.jwkSet) return verified;
      entries.delete(tail);
      return undefined;
    },
    set(authorization, verified) {
      if (size > 0) entries.set(authorization.slice(-TAIL_LENGTH), { authorization, verified });
    },
  };
}

/** Counts the values within a claim, at any depth. */
function countValues(claims: object): number {
  let count = 0;
  const pending: unknown[] = [claims];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    const entries: readonly unknown[] = Object.values(value);
    count += entries.length;
    for (const entry of entries) pending.push(entry);
  }
  return count;
}
