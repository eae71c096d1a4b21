/** Loads signing keys and chooses the one that signs. Called by the signer. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { SigningKey } from '../registry/registry.js';
import type { KeyEncryption } from '../key-encryption.js';
import { readPublicJwk, type PublicJwk } from './key-pair.js';
import { isDone } from './schedule.js';
import type { PrivateKey } from './sign-token.js';

export interface LoadedKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly signsFromMs: number;
  /** Undefined if the key no longer signs or cannot be decrypted here. Such a key is only published. */
  readonly privateKey: KeyObject | undefined;
}

/**
 * Loads a stored key. Rejects if its public half is invalid, or `onDecryptError` throws.
 *
 * @param onDecryptError called if the private key cannot be decrypted
 */
export async function loadKey(
  key: SigningKey,
  keyEncryption: KeyEncryption,
  nowMs: number,
  onDecryptError: (error: unknown) => void,
): Promise<LoadedKey> {
  const { kid, signsFromMs } = key;
  const publicJwk = readPublicJwk(kid, key.publicJwk);
  if (isDone(key, nowMs)) return { kid, publicJwk, signsFromMs, privateKey: undefined };
  try {
    const privateKey = createPrivateKey(await keyEncryption.decrypt(kid, key.privateKey));
    return { kid, publicJwk, signsFromMs, privateKey };
  } catch (error) {
    onDecryptError(error);
    return { kid, publicJwk, signsFromMs, privateKey: undefined };
  }
}

/**
 * Chooses the latest key that has begun to sign. If the clock was set back and none has, it is the first.
 *
 * @throws Error if no key has a private half
 */
export function keyThatSigns(keys: readonly LoadedKey[], nowMs: number): PrivateKey {
  let chosen: (PrivateKey & { readonly signsFromMs: number }) | undefined;
  for (const { kid, privateKey, signsFromMs } of keys) {
    if (privateKey === undefined) continue;
    const later = chosen !== undefined && signsFromMs > chosen.signsFromMs;
    if (chosen === undefined || (later ? signsFromMs <= nowMs : chosen.signsFromMs > nowMs))
      chosen = { kid, privateKey, signsFromMs };
  }
  if (chosen === undefined) throw new Error('there is no key to sign with');
  return chosen;
}
