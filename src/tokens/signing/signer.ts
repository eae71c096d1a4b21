/**
 * Signs the tokens that this gateway issues, and provides the public keys. Opened by `src/app/`.
 *
 * The keys are in the registry, which all gateways of an installation share. When a rotation is due, each gateway makes
 * a key and the registry accepts the first. All gateways read the keys again long before a new one signs.
 */
import { createFairQueue } from '../fair-queue.js';
import { generateRsaKeyPair, type KeyPair, type PublicJwk } from './key-pair.js';
import { keyThatSigns, loadKey, type LoadedKey } from './keys.js';
import { planRotation, type Schedule } from './schedule.js';
import { signToken } from './sign-token.js';
import { addNextKey, encryptStoredKeys, type StoredKeysOptions } from './stored-keys.js';

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

export interface SignerOptions extends Partial<Schedule>, StoredKeysOptions {
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
  return new RegistrySigner(options);
}

class RegistrySigner implements Signer {
  readonly #options: SignerOptions;
  readonly #schedule: Schedule;
  readonly #generateKeyPair: () => Promise<KeyPair>;
  readonly #refreshEveryMs: number;
  /** The number of requests in flight is bounded elsewhere. */
  readonly #queue = createFairQueue({ width: MAX_SIGNING, maxPerNetwork: Infinity, maxWaiting: Infinity });
  readonly #listeners = new Set<() => void>();
  #loaded: readonly LoadedKey[] = [];
  #published: PublicJwks = { keys: [] };
  /** The refresh in progress, which concurrent callers share. */
  #refreshing: Promise<void> | undefined;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SignerOptions) {
    const { rotateEveryMs = ROTATE_EVERY_MS, publishBeforeMs = PUBLISH_BEFORE_MS } = options;
    this.#options = options;
    this.#schedule = { rotateEveryMs, publishBeforeMs, longestLifetimeMs: options.longestLifetimeMs };
    this.#generateKeyPair = options.generateKeyPair ?? generateRsaKeyPair;
    // Often enough to retry several times before a key of another gateway signs.
    this.#refreshEveryMs = Math.min(REFRESH_EVERY_MS, publishBeforeMs / 4);
  }

  async open(): Promise<void> {
    await encryptStoredKeys(this.#options);
    // A gateway that cannot sign must not start.
    await this.#readKeys((error) => {
      throw error;
    });
    this.#scheduleRefresh();
  }

  async sign(payload: object, caller: string): Promise<string> {
    const token = await this.#queue({ network: caller, name: caller }, () =>
      signToken(payload, keyThatSigns(this.#loaded, this.#options.now())),
    );
    if (token === 'busy') throw new Error('the queue for signatures has no bound');
    return token;
  }

  jwks(): PublicJwks {
    return this.#published;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refresh(): Promise<void> {
    const { log } = this.#options;
    this.#refreshing ??= this.#readKeys((error) =>
      log.error({ reason: reasonOf(error) }, 'a signing key cannot be decrypted: it is only published'),
    ).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #readKeys(onDecryptError: (error: unknown) => void): Promise<void> {
    const { registry, keyEncryption, now } = this.#options;
    let stored = await registry.signingKeys(now());
    if (planRotation(stored, this.#schedule, now()) !== undefined) {
      await addNextKey(stored, this.#schedule, this.#generateKeyPair, this.#options);
      stored = await registry.signingKeys(now());
    }
    const before = new Map(this.#loaded.map((key) => [key.kid, key]));
    this.#activate(
      await Promise.all(
        stored.map(async (key) => before.get(key.kid) ?? loadKey(key, keyEncryption, now(), onDecryptError)),
      ),
    );
  }

  #activate(keys: readonly LoadedKey[]): void {
    const before = this.#loaded;
    this.#loaded = keys;
    if (keys.length === before.length && keys.every((key, i) => key.kid === before[i]?.kid)) return;
    this.#published = Object.freeze({ keys: Object.freeze(keys.map(({ publicJwk }) => publicJwk)) });
    for (const listener of this.#listeners) listener();
  }

  async #refreshRegularly(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.refresh();
      if (this.#isFailing) log.info({}, 'the signing keys can be read again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn({ reason: reasonOf(error) }, 'the signing keys cannot be read');
      this.#isFailing = true;
    }
    this.#scheduleRefresh();
  }

  #scheduleRefresh(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#refreshRegularly(), this.#refreshEveryMs).unref();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
