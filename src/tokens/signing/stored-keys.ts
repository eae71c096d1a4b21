/** Writes signing keys to the registry: the next key of a rotation, and keys that must be encrypted. Called by the signer. */
import type { Log } from '../../model/log.js';
import type { KeyEncryption } from '../key-encryption.js';
import type { Registry, SigningKey } from '../registry/registry.js';
import type { KeyPair } from './key-pair.js';
import { planRotation, type Schedule } from './schedule.js';

export interface StoredKeysOptions {
  readonly registry: Pick<Registry, 'addSigningKey' | 'signingKeys' | 'replacePrivateKeys'>;
  readonly keyEncryption: KeyEncryption;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * Generates the key that follows the stored ones, and offers it to the registry. The registry refuses it if another
 * gateway was faster; then that gateway's key is the next one. Rejects if the registry is unavailable.
 */
export async function addNextKey(
  stored: readonly SigningKey[],
  schedule: Schedule,
  generateKeyPair: () => Promise<KeyPair>,
  { registry, keyEncryption, now, log }: StoredKeysOptions,
): Promise<void> {
  const { kid, publicJwk, privateKey } = await generateKeyPair();
  const encrypted = await keyEncryption.encrypt(kid, privateKey);
  // The key is published from now on. Generating it may have taken a while.
  const createdAtMs = now();
  const rotation = planRotation(stored, schedule, createdAtMs);
  if (rotation === undefined) return;
  const { signsFromMs, predecessor } = rotation;
  const added = await registry.addSigningKey(
    {
      kid,
      privateKey: encrypted,
      publicJwk: JSON.stringify(publicJwk),
      createdAtMs,
      signsFromMs,
      signsUntilMs: undefined,
      publishedUntilMs: undefined,
    },
    stored.map((one) => one.kid),
    predecessor,
  );
  if (added) log.info({ kid, signs_from: new Date(signsFromMs) }, 'a new signing key is published');
}

/**
 * Encrypts keys that are stored in plain text or under the previous `key_encryption_key`, including keys that no longer
 * sign. Rejects if the registry is unavailable.
 */
export async function encryptStoredKeys({ registry, keyEncryption, log }: StoredKeysOptions): Promise<void> {
  const stored = await registry.signingKeys(0);
  const replacements = await Promise.all(
    stored.map(async ({ kid, privateKey: before }) => ({
      kid,
      before,
      after: await keyEncryption.replacement(kid, before),
    })),
  );
  const needed = replacements.flatMap(({ kid, before, after }) =>
    after === undefined ? [] : [{ kid, before, after }],
  );
  if (needed.length === 0) return;
  await registry.replacePrivateKeys(needed);
  log.info({ kids: needed.map(({ kid }) => kid) }, 'stored signing keys are now encrypted');
}
