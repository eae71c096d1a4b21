/**
 * Signs the tokens that this gate gives out, and tells everybody which keys they may be signed with.
 *
 * The keys are in the registry, which all gates of an installation share. Each of them makes the next one when it is
 * time, the first that comes wins, and all read them again long before a new one signs.
 */
import jwt from 'jsonwebtoken';
import type { Log } from '../../model/log.js';
import type { Registry, SigningKey } from '../registry/registry.js';
import type { Vault } from '../vault.js';
import { generateRsaKeyPair, type KeyPair, type PublicJwk } from './key-pair.js';
import { keyThatSigns, loadKey, type LoadedKey } from './keys.js';
import { planHandover, type Schedule } from './schedule.js';

export interface JwkSet {
  readonly keys: readonly PublicJwk[];
}

export interface Signer {
  /** A compact JWS (RFC 7515 7.1) of these claims and no others: RS256, with `kid`. */
  sign(payload: object): string;
  /**
   * The first reading of the registry; after it the signer reads by itself. Rejects where the registry cannot be read,
   * or its keys cannot be opened, and may then be called again.
   */
  open(): Promise<void>;
  /** The keys that tokens may be signed with, the next one's included; the same object until they change. None before it is open. */
  jwks(): JwkSet;
  /** Calls back whenever the set has changed; until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Reads the registry now, and makes the next key where it is time. */
  refresh(): Promise<void>;
  /** Reads it no more. */
  close(): void;
}

export interface SignerOptions extends Partial<Schedule> {
  readonly registry: Pick<Registry, 'signingKeys' | 'addSigningKey'>;
  readonly vault: Vault;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly longestLifetimeMs: number | undefined;
  readonly generateKeyPair?: () => Promise<KeyPair>;
}

const ROTATE_EVERY_MS = 30 * 24 * 60 * 60_000;
/** Several times as long as verifiers usually keep a JWKS: ten minutes, this gate's too. */
const PUBLISH_BEFORE_MS = 60 * 60_000;
const REFRESH_EVERY_MS = 60_000;

export function createSigner(options: SignerOptions): Signer {
  const { registry, vault, now, log, generateKeyPair = generateRsaKeyPair } = options;
  const { rotateEveryMs = ROTATE_EVERY_MS, publishBeforeMs = PUBLISH_BEFORE_MS, longestLifetimeMs } = options;
  const schedule: Schedule = { rotateEveryMs, publishBeforeMs, longestLifetimeMs };
  // Often enough to try again a few times before the other gates' next key signs.
  const refreshEveryMs = Math.min(REFRESH_EVERY_MS, publishBeforeMs / 4);

  const listeners = new Set<() => void>();
  let loaded: readonly LoadedKey[] = [];
  let published: JwkSet = { keys: [] };
  let refreshing: Promise<void> | undefined;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function readKeys(onClosed: (error: unknown) => void): Promise<void> {
    let stored = await registry.signingKeys(now());
    if (planHandover(stored, schedule, now()) !== undefined) {
      await addNextKey(stored);
      stored = await registry.signingKeys(now());
    }
    const before = new Map(loaded.map((key) => [key.kid, key]));
    adopt(
      await Promise.all(
        stored.map(async (key) => before.get(key.kid) ?? loadKey(key, vault, now(), onClosed)),
      ),
    );
  }

  async function addNextKey(stored: readonly SigningKey[]): Promise<void> {
    const { kid, publicJwk, privateKey } = await generateKeyPair();
    const sealed = await vault.seal(kid, privateKey);
    // Its times count from now, when it is published: the making may have taken a while.
    const createdAtMs = now();
    const handover = planHandover(stored, schedule, createdAtMs);
    if (handover === undefined) return;
    const { signsFromMs, predecessor } = handover;
    const added = await registry.addSigningKey(
      {
        kid,
        privateKey: sealed,
        publicJwk: JSON.stringify(publicJwk),
        createdAtMs,
        signsFromMs,
        signsUntilMs: undefined,
        publishedUntilMs: undefined,
      },
      stored.map((one) => one.kid),
      predecessor,
    );
    // Where another gate was faster, its key is the next one.
    if (added) log.info({ kid, signsFrom: new Date(signsFromMs) }, 'a new signing key is published');
  }

  function adopt(keys: readonly LoadedKey[]): void {
    const before = loaded;
    loaded = keys;
    if (keys.length === before.length && keys.every((key, i) => key.kid === before[i]?.kid)) return;
    published = Object.freeze({ keys: Object.freeze(keys.map(({ publicJwk }) => publicJwk)) });
    for (const listener of listeners) listener();
  }

  function refresh(): Promise<void> {
    refreshing ??= readKeys((error) =>
      log.error({ reason: reasonOf(error) }, 'a signing key is only published'),
    ).finally(() => (refreshing = undefined));
    return refreshing;
  }

  async function refreshRegularly(): Promise<void> {
    try {
      await refresh();
      if (failing) log.info({}, 'the signing keys can be read again');
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ reason: reasonOf(error) }, 'the signing keys cannot be read');
      failing = true;
    }
    waitAndRefresh();
  }

  function waitAndRefresh(): void {
    if (closed) return;
    timer = setTimeout(() => void refreshRegularly(), refreshEveryMs).unref();
  }

  return {
    async open() {
      // A gate that could not sign what it must should not start.
      await readKeys((error) => {
        throw error;
      });
      waitAndRefresh();
    },
    sign(payload) {
      const { kid, privateKey } = keyThatSigns(loaded, now());
      return jwt.sign(payload, privateKey, { algorithm: 'RS256', keyid: kid });
    },
    jwks: () => published,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
