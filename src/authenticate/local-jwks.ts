/** Authenticate, the keys of the gateway's own issuers: reads them from the token service in this process. */
import type { Algorithm } from '../model/issuer.js';
import { USUAL_TOKEN_TYPES } from '../model/token-type.js';
import { selectUsable } from './jwk.js';
import { foundIn, type KeySet } from './key-set.js';
import { createJwkSet, type JwkSet } from './jwk-set.js';

export interface LocalKeys {
  /** The JWKS as it is published now. */
  jwks(): unknown;
  /** Calls the listener after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/**
 * Creates the key set of an own issuer. It reads the keys at once and after each change.
 * @param now epoch milliseconds
 */
export function createLocalKeySet(
  source: LocalKeys,
  algorithms: readonly Algorithm[],
  now: () => number,
): KeySet {
  let jwkSet: JwkSet | undefined;
  let readAtMs: number | undefined;
  let reading = read();
  const stop = source.onChange(() => {
    reading = read();
  });

  async function read(): Promise<void> {
    const fresh = await createJwkSet(
      selectUsable(source.jwks(), { algorithms, tokenTypes: USUAL_TOKEN_TYPES }),
    );
    // The token service has not read its keys yet, so no token can be checked.
    if (fresh.size === 0) return;
    readAtMs = now();
    if (fresh.fingerprint !== jwkSet?.fingerprint) jwkSet = fresh;
  }

  return {
    current: () => jwkSet,
    async find(kid, algorithm) {
      await reading;
      if (!jwkSet) return 'unavailable';
      return foundIn(jwkSet, kid, algorithm);
    },
    // Every change is already read, so there is nothing newer.
    renew: () => Promise.resolve(false),
    readAtMs: () => readAtMs,
    failure: () => undefined,
    close: stop,
  };
}
