/**
 * Signs the tokens that this gateway issues, and provides the public keys. Opened by `src/app/`.
 *
 * The keys are in the registry, which all gateways of an installation share. When a rotation is due, each gateway makes
 * a key and the registry accepts the first. All gateways read the keys again long before a new one signs.
 */
import { sign as signBytes, type KeyObject } from 'node:crypto';
import type { Log } from '../../model/log.js';
import type { Registry, SigningKey } from '../registry/registry.js';
import type { KeyEncryption } from '../key-encryption.js';
import { createFairQueue } from '../fair-queue.js';
import { generateRsaKeyPair, type KeyPair, type PublicJwk } from './key-pair.js';
import { keyThatSigns, loadKey, type LoadedKey } from './keys.js';
import { planRotation, type Schedule } from './schedule.js';

export interface PublicJwks {
  readonly keys: readonly PublicJwk[];
}

export interface Signer {
  /**
   * Signs a compact JWS (RFC 7515 7.1) of exactly these claims: RS256, with `kid`. Another thread makes the signatures,
   * one at a time. Rejects if there is no key to sign with.
   * @param caller the client; waiting callers are served round-robin
   */
  sign(payload: object, caller: string): Promise<string>;
  /**
   * Reads the registry for the first time and starts the regular reading. Rejects if the registry cannot be read or its
   * keys cannot be decrypted; then it may be called again.
   */
  open(): Promise<void>;
  /** The public keys of tokens, including the next key. The same object until they change; empty before `open`. */
  jwks(): PublicJwks;
  /** Calls `listener` when the set has changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Reads the registry now, and makes the next key if it is due. Rejects if the registry cannot be read. */
  refresh(): Promise<void>;
  /** Stops the regular reading. */
  close(): void;
}

export interface SignerOptions extends Partial<Schedule> {
  readonly registry: Pick<Registry, 'signingKeys' | 'addSigningKey' | 'replacePrivateKeys'>;
  readonly keyEncryption: KeyEncryption;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly longestLifetimeMs: number | undefined;
  readonly generateKeyPair?: () => Promise<KeyPair>;
}

const ROTATE_EVERY_MS = 30 * 24 * 60 * 60_000;
/** Several times as long as verifiers usually cache a JWKS: ten minutes, as in this gateway. */
const PUBLISH_BEFORE_MS = 60 * 60_000;
const REFRESH_EVERY_MS = 60_000;

/** One, so that signatures use at most one processor beside the event loop's. */
const MAX_SIGNING = 1;

/** Creates a signer without keys; `open` reads them. */
export function createSigner(options: SignerOptions): Signer {
  const { registry, keyEncryption, now, log, generateKeyPair = generateRsaKeyPair } = options;
  const { rotateEveryMs = ROTATE_EVERY_MS, publishBeforeMs = PUBLISH_BEFORE_MS, longestLifetimeMs } = options;
  const schedule: Schedule = { rotateEveryMs, publishBeforeMs, longestLifetimeMs };
  // Often enough to retry several times before a key of another gateway signs.
  const refreshEveryMs = Math.min(REFRESH_EVERY_MS, publishBeforeMs / 4);

  // The number of requests in flight is bounded elsewhere.
  const queue = createFairQueue({
    width: MAX_SIGNING,
    maxPerNetwork: Infinity,
    maxWaiting: Infinity,
  });
  const listeners = new Set<() => void>();
  let loaded: readonly LoadedKey[] = [];
  let published: PublicJwks = { keys: [] };
  let refreshing: Promise<void> | undefined;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function readKeys(onDecryptError: (error: unknown) => void): Promise<void> {
    let stored = await registry.signingKeys(now());
    if (planRotation(stored, schedule, now()) !== undefined) {
      await addNextKey(stored);
      stored = await registry.signingKeys(now());
    }
    const before = new Map(loaded.map((key) => [key.kid, key]));
    activate(
      await Promise.all(
        stored.map(async (key) => before.get(key.kid) ?? loadKey(key, keyEncryption, now(), onDecryptError)),
      ),
    );
  }

  async function addNextKey(stored: readonly SigningKey[]): Promise<void> {
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
    // If another gateway was faster, its key is the next one.
    if (added) log.info({ kid, signsFrom: new Date(signsFromMs) }, 'a new signing key is published');
  }

  /** Encrypts keys that were stored before key_encryption_key was set, including keys that no longer sign. */
  async function encryptPlainKeys(): Promise<void> {
    const plain = (await registry.signingKeys(0)).filter(({ privateKey }) =>
      keyEncryption.needsEncryption(privateKey),
    );
    if (plain.length === 0) return;
    const replacements = await Promise.all(
      plain.map(async ({ kid, privateKey: before }) => ({
        kid,
        before,
        after: await keyEncryption.encrypt(kid, before),
      })),
    );
    await registry.replacePrivateKeys(replacements);
    const kids = plain.map(({ kid }) => kid);
    log.info({ kids }, 'signing keys that were stored in plain text are now encrypted');
  }

  function activate(keys: readonly LoadedKey[]): void {
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
    scheduleRefresh();
  }

  function scheduleRefresh(): void {
    if (closed) return;
    timer = setTimeout(() => void refreshRegularly(), refreshEveryMs).unref();
  }

  return {
    async open() {
      await encryptPlainKeys();
      // A gateway that cannot sign must not start.
      await readKeys((error) => {
        throw error;
      });
      scheduleRefresh();
    },
    async sign(payload, caller) {
      const queueCaller = { network: caller, name: caller };
      const token = await queue(queueCaller, () => signToken(payload, keyThatSigns(loaded, now())));
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

/** Signs on a thread of libuv's pool: an RSA signature would block the event loop for a millisecond or more. */
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
