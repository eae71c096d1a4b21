/** Authenticate, the keys of the gate's own issuers: read from the token service in this process, as soon as they change. */
import type { Algorithm } from '../model/issuer.js';
import { USUAL_TOKEN_TYPES } from '../model/token-type.js';
import { selectUsable } from './jwk.js';
import { foundIn, type KeySet } from './key-set.js';
import { createJwkSet, type JwkSet } from './jwk-set.js';

export interface LocalKeys {
  /** The JWKS as it is published now. */
  jwks(): unknown;
  /** Tells of every change; the answer stops it. */
  onChange(listener: () => void): () => void;
}

export function createLocalKeySet(
  source: LocalKeys,
  algorithms: readonly Algorithm[],
  now: () => number,
): KeySet {
  let keyring: JwkSet | undefined;
  let readAtMs: number | undefined;
  let reading = read();
  const stop = source.onChange(() => {
    reading = read();
  });

  async function read(): Promise<void> {
    const fresh = await createJwkSet(
      selectUsable(source.jwks(), { algorithms, tokenTypes: USUAL_TOKEN_TYPES }),
    );
    // The service has not read its own keys yet: nothing can be said of a token.
    if (fresh.size === 0) return;
    readAtMs = now();
    if (fresh.fingerprint !== keyring?.fingerprint) keyring = fresh;
  }

  return {
    current: () => keyring,
    async find(kid, algorithm) {
      await reading;
      if (!keyring) return 'unavailable';
      return foundIn(keyring, kid, algorithm);
    },
    // It is told of every change: there is nothing newer to read.
    renew: () => Promise.resolve(false),
    readAtMs: () => readAtMs,
    close: stop,
  };
}
