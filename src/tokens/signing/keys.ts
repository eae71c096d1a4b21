/** The signing keys that one gate has loaded. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { SigningKey } from '../registry/registry.js';
import type { KeyEncryption } from '../key-encryption.js';
import { readPublicJwk, type PublicJwk } from './key-pair.js';
import { isDone } from './schedule.js';

export interface LoadedKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly signsFromMs: number;
  /** Undefined where the key has signed its last, or cannot be opened here: then it is only published. */
  readonly privateKey: KeyObject | undefined;
}

/** @param onClosed told of a key that cannot be opened */
export async function loadKey(
  key: SigningKey,
  vault: KeyEncryption,
  nowMs: number,
  onClosed: (error: unknown) => void,
): Promise<LoadedKey> {
  const { kid, signsFromMs } = key;
  const publicJwk = readPublicJwk(kid, key.publicJwk);
  if (isDone(key, nowMs)) return { kid, publicJwk, signsFromMs, privateKey: undefined };
  try {
    const privateKey = createPrivateKey(await vault.decrypt(kid, key.privateKey));
    return { kid, publicJwk, signsFromMs, privateKey };
  } catch (error) {
    onClosed(error);
    return { kid, publicJwk, signsFromMs, privateKey: undefined };
  }
}

/** The latest that has begun to sign; where the clock has been set back, the first of those to come. */
export function keyThatSigns(
  keys: readonly LoadedKey[],
  nowMs: number,
): { kid: string; privateKey: KeyObject } {
  let chosen: { kid: string; privateKey: KeyObject; signsFromMs: number } | undefined;
  for (const { kid, privateKey, signsFromMs } of keys) {
    if (privateKey === undefined) continue;
    const later = chosen !== undefined && signsFromMs > chosen.signsFromMs;
    if (chosen === undefined || (later ? signsFromMs <= nowMs : chosen.signsFromMs > nowMs))
      chosen = { kid, privateKey, signsFromMs };
  }
  if (chosen === undefined) throw new Error('there is no key to sign with');
  return chosen;
}
