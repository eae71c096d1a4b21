/** Chooses the source of each issuer's keys, and opens it. Called by `resources.ts`. */
import { createJwksFileCaches, type OpenJwksFileCache } from '../authenticate/jwks-file-cache.js';
import { createKeySet, type KeySet } from '../authenticate/key-set.js';
import { createLocalKeySet } from '../authenticate/local-jwks.js';
import { createSecretKeySet } from '../authenticate/secret-key-set.js';
import type { Issuer } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import type { Measures } from '../model/measures.js';
import type { Settings } from '../model/settings.js';
import type { Reuse } from './resource-pool.js';
import type { TokenServiceHandle } from './token-service.js';

interface KeysRuntime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly measures: Pick<Measures, 'keysRead'>;
}

/** Opens or reuses the files that keep issuers' keys for a cold start; undefined where the file names no folder. */
export function reuseJwksFileCaches(
  { jwksCache, jwksMaxStaleMs }: Settings,
  runtime: KeysRuntime,
  reuse: Reuse,
) {
  const { now, newId, log } = runtime;
  return reuse<OpenJwksFileCache | undefined>('key cache', { jwksCache, jwksMaxStaleMs }, () =>
    jwksCache === undefined
      ? undefined
      : createJwksFileCaches(jwksCache, { now, newId, log, maxStaleMs: jwksMaxStaleMs }),
  );
}

/**
 * Opens or reuses an issuer's keys. They are kept when the rules for its tokens change. Keys from a file are read again
 * at each reload.
 */
export function reuseIssuerKeys(
  issuer: Issuer,
  { jwksMaxAgeMs, jwksMaxStaleMs }: Settings,
  tokens: TokenServiceHandle | undefined,
  cache: OpenJwksFileCache | undefined,
  { now, log, measures }: KeysRuntime,
  reuse: Reuse,
): Promise<KeySet> {
  const { name, keys, algorithms, tokenTypes } = issuer;
  const resource = `keys of ${name}`;
  const close = (set: KeySet): void => set.close();
  if (keys.kind === 'own' && tokens) {
    const { signer } = tokens;
    return reuse(resource, { signer, algorithms }, () => createLocalKeySet(signer, algorithms, now), close);
  }
  if (keys.kind === 'secret')
    return reuse(resource, { keys }, () => createSecretKeySet(keys.secret, now), close);
  const isFile = keys.kind === 'file' || keys.kind === 'public_key_file';
  const reading = isFile ? Symbol('each its own') : undefined;
  return reuse(
    resource,
    { keys, algorithms, tokenTypes, jwksMaxAgeMs, jwksMaxStaleMs, cache, reading },
    () =>
      createKeySet(issuer, {
        now,
        log,
        maxAgeMs: jwksMaxAgeMs,
        maxStaleMs: jwksMaxStaleMs,
        cache,
        onFetch: (result) => measures.keysRead(name, result),
      }),
    close,
  );
}
