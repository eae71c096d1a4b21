/**
 * Signs the tokens that this gate gives out, and tells everybody which keys they may be signed with.
 *
 * The keys are in the registry, which all gates of an installation share. Each of them makes the next one when it is
 * time, the first that comes wins, and all read them again long before a new one signs.
 */
import { sign as signBytes, type KeyObject } from 'node:crypto';
import type { Log } from '../../model/log.js';
import type { Registry, SigningKey } from '../registry/registry.js';
import type { KeyEncryption } from '../key-encryption.js';
import { createFairQueue } from '../fair-queue.js';
import { generateRsaKeyPair, type KeyPair, type PublicJwk } from './key-pair.js';
import { keyThatSigns, loadKey, type LoadedKey } from './keys.js';
import { planRotation, type Schedule } from './schedule.js';

export interface JwkSet {
  readonly keys: readonly PublicJwk[];
}

export interface Signer {
  /**
   * A compact JWS (RFC 7515 7.1) of these claims and no others: RS256, with `kid`. Made on a thread of its own, one at a
   * time; those who wait take turns.
   * @param caller who asked for it: each has its own turn
   */
  sign(payload: object, caller: string): Promise<string>;
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
  readonly registry: Pick<Registry, 'signingKeys' | 'addSigningKey' | 'replacePrivateKeys'>;
  readonly vault: KeyEncryption;
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

/** One, so that beside the event loop another processor at most is busy with signatures. */
const SIGNED_AT_ONCE = 1;

export function createSigner(options: SignerOptions): Signer {
  const { registry, vault, now, log, generateKeyPair = generateRsaKeyPair } = options;
  const { rotateEveryMs = ROTATE_EVERY_MS, publishBeforeMs = PUBLISH_BEFORE_MS, longestLifetimeMs } = options;
  const schedule: Schedule = { rotateEveryMs, publishBeforeMs, longestLifetimeMs };
  // Often enough to try again a few times before the other gates' next key signs.
  const refreshEveryMs = Math.min(REFRESH_EVERY_MS, publishBeforeMs / 4);

  // Its bounds are those of the requests under way.
  const queue = createFairQueue({
    width: SIGNED_AT_ONCE,
    maxPerNetwork: Infinity,
    maxWaiting: Infinity,
  });
  const listeners = new Set<() => void>();
  let loaded: readonly LoadedKey[] = [];
  let published: JwkSet = { keys: [] };
  let refreshing: Promise<void> | undefined;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function readKeys(onClosed: (error: unknown) => void): Promise<void> {
    let stored = await registry.signingKeys(now());
    if (planRotation(stored, schedule, now()) !== undefined) {
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
    const sealed = await vault.encrypt(kid, privateKey);
    // Its times count from now, when it is published: the making may have taken a while.
    const createdAtMs = now();
    const handover = planRotation(stored, schedule, createdAtMs);
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

  /** What was stored before there was a key_encryption_key is encrypted too, keys that sign no more among it. */
  async function sealPlainKeys(): Promise<void> {
    const plain = (await registry.signingKeys(0)).filter(({ privateKey }) => vault.mustSeal(privateKey));
    if (plain.length === 0) return;
    const replacements = await Promise.all(
      plain.map(async ({ kid, privateKey: before }) => ({
        kid,
        before,
        after: await vault.encrypt(kid, before),
      })),
    );
    await registry.replacePrivateKeys(replacements);
    const kids = plain.map(({ kid }) => kid);
    log.info({ kids }, 'signing keys that were stored in plain text are now encrypted');
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
      await sealPlainKeys();
      // A gate that could not sign what it must should not start.
      await readKeys((error) => {
        throw error;
      });
      waitAndRefresh();
    },
    async sign(payload, caller) {
      const turn = { network: caller, name: caller };
      const token = await queue(turn, () => signToken(payload, keyThatSigns(loaded, now())));
      if (token === 'busy') throw new Error('the queue for signatures has no bound');
      return token;
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

/** Signs on a thread of libuv's pool: an RSA signature takes a millisecond and more of the event loop. */
function signToken(payload: object, { kid, privateKey }: LoadedSigningKey): Promise<string> {
  const header = { alg: 'RS256', typ: 'JWT', kid };
  const input = `${base64urlOf(header)}.${base64urlOf(payload)}`;
  return new Promise((resolve, reject) => {
    signBytes('sha256', Buffer.from(input), privateKey, (error, signature) => {
      if (error) reject(error);
      else resolve(`${input}.${signature.toString('base64url')}`);
    });
  });
}

interface LoadedSigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

function base64urlOf(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
