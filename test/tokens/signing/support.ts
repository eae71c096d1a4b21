/** Signers over real registries, with keys of those that were generated before all tests, since that is slow. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import type { Registry } from '../../../src/tokens/registry/registry.js';
import { keyPairOf, type KeyPair } from '../../../src/tokens/signing/key-pair.js';
import { createSigner, type Signer, type SignerOptions } from '../../../src/tokens/signing/signer.js';
import { createKeyEncryption } from '../../../src/tokens/key-encryption.js';
import { SILENT } from '../../redis/logs.js';
import { rsaPem } from '../../support/key-pair.js';

export interface Installation {
  /** The registry's file. */
  readonly path: string;
  /** Another gateway's connection to the same registry. */
  openRegistry(): Promise<Registry>;
  /** Another gateway's signer, over its own connection unless one is given. */
  openSigner(options: Partial<SignerOptions>): Promise<Signer>;
  close(): Promise<void>;
}

export async function createInstallation(): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-signing-'));
  const path = join(folder, 'tollgate.db');
  const registries: Registry[] = [];
  const signers: Signer[] = [];

  async function open(): Promise<Registry> {
    const registry = await openRegistry({ kind: 'sqlite', path }, { log: SILENT });
    registries.push(registry);
    return registry;
  }
  return {
    path,
    openRegistry: open,
    async openSigner(options) {
      const signer = createSigner({
        registry: options.registry ?? (await open()),
        keyEncryption: createKeyEncryption({ keyEncryptionKey: undefined }, randomBytes),
        now: Date.now,
        log: SILENT,
        longestLifetimeMs: 60_000,
        generateKeyPair: nextKeyPair,
        ...options,
      });
      signers.push(signer);
      await signer.open();
      return signer;
    },
    async close() {
      for (const signer of signers) signer.close();
      for (const registry of registries) await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A key that differs from the 31 before it. */
export function nextKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = rsaPem();
  return Promise.resolve(keyPairOf(publicKey, privateKey));
}

/** A registry's keys, with a hook before each read. */
export function watchReading(registry: Registry, beforeReading: () => void): SignerOptions['registry'] {
  return {
    addSigningKey: (...given) => registry.addSigningKey(...given),
    replacePrivateKeys: (...given) => registry.replacePrivateKeys(...given),
    async signingKeys(atMs) {
      beforeReading();
      return registry.signingKeys(atMs);
    },
  };
}
