/**
 * Authenticate, issuer keys: reads them at the start, again before they are old, and when a token names an unknown one.
 *
 * A request waits only for the first reading and for a reading that its own unknown kid causes. While a good set is
 * known, no request waits for another one. While the issuer is unavailable, the last good set is used. At a start the
 * set that was cached on disk counts as good.
 */
import type { KeyObject } from 'node:crypto';
import type { Algorithm, Issuer, KeySource } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import { selectUsable } from './jwk.js';
import type { OpenJwksFileCache, JwksFileCache } from './jwks-file-cache.js';
import { createJwkSet, type JwkSet } from './jwk-set.js';
import { logFieldsOf, type KeySourceDetails } from './key-source-error.js';
import { createReadDocument } from './key-source.js';
import { createOutageLog, type KeyFailure, type OutageLog } from './outage-log.js';
import { RefreshTimer } from './refresh-timer.js';
import { createTimedRead, type TimedRead } from './timed-read.js';

export interface KeySetOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** The age at which keys are read again at the latest. */
  readonly maxAgeMs: number;
  /** How long the last good keys are used while their source is unavailable. */
  readonly maxStaleMs: number;
  /** Caches the keys of remote issuers on disk, so that they outlive this process. */
  readonly cache?: OpenJwksFileCache | undefined;
  /** Called with the result of each reading. */
  readonly onFetch?: (result: FetchResult) => void;
}

export type FetchResult = 'ok' | 'failed';

export interface FoundKeys {
  /** At least one; where there are several, the token may be signed with any of them. */
  readonly keys: readonly KeyObject[];
  readonly jwkSet: JwkSet;
}

export interface KeySet {
  /** The current keys: the same object as long as they are equal; undefined while there are none. */
  current(): JwkSet | undefined;
  /** The keys that a token can mean. `unavailable`: the keys could not be read, so the token cannot be checked. */
  find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKeys | 'unknown' | 'unavailable'>;
  /**
   * Reads the keys again for a token without `kid` that no key verifies, as rarely as for an unknown `kid`.
   * @returns whether the current keys now differ from `than`
   */
  renew(than: JwkSet): Promise<boolean>;
  /** When the keys were last read successfully, epoch milliseconds. */
  readAtMs(): number | undefined;
  /** Why the keys could not be read lately; undefined where they could. */
  failure(): KeyFailure | undefined;
  /** Stops the timers and the reading in progress. */
  close(): void;
}

/** The least time between two readings that unknown kids cause: unauthenticated clients choose kids. */
const UNKNOWN_KID_PAUSE_MS = 30_000;
/** Limits the requests that unknown kids keep waiting for an issuer that hangs; further ones are refused at once. */
const MAX_WAITING = 1_000;

/** Reads an issuer's keys at once and again until it is closed. Failures are logged and retried after 1 to 30 s. */
export function createKeySet(issuer: Issuer, options: KeySetOptions): KeySet {
  return new RefreshedKeySet(issuer, options);
}

class RefreshedKeySet implements KeySet {
  readonly #issuer: Issuer;
  readonly #options: KeySetOptions;
  readonly #source: TimedRead;
  readonly #outage: OutageLog;
  readonly #timer: RefreshTimer;
  readonly #fileCache: JwksFileCache | undefined;
  /** Settles when the keys cached on disk were loaded. */
  readonly #cacheLoaded: Promise<void> | undefined;
  /** Whether the source can have other keys later. */
  readonly #canChange: boolean;
  readonly #maxStaleMs: number;
  #jwkSet: JwkSet | undefined;
  #readAtMs = -Infinity;
  /** Consecutive failed readings. */
  #failures = 0;
  #readForKidAtMs = -Infinity;
  #reading: Promise<void> | undefined;
  /** How many requests with unknown kids wait for the reading. */
  #waiting = 0;
  #isClosed = false;

  constructor(issuer: Issuer, options: KeySetOptions) {
    const { now, log, maxAgeMs } = options;
    const { kind } = issuer.keys;
    this.#issuer = issuer;
    this.#options = options;
    this.#source = createTimedRead(createReadDocument(issuer.keys), locationOf(issuer.keys));
    this.#outage = createOutageLog(issuer.name, log, now);
    this.#timer = new RefreshTimer(() => void this.#load(), maxAgeMs);
    this.#fileCache = kind === 'url' || kind === 'discovery' ? options.cache?.(issuer) : undefined;
    this.#canChange = kind !== 'inline' && kind !== 'public_key';
    this.#maxStaleMs = this.#canChange ? Math.max(options.maxStaleMs, maxAgeMs) : Infinity;
    this.#cacheLoaded = this.#fileCache && this.#loadCached(this.#fileCache);
    void this.#load();
  }

  current(): JwkSet | undefined {
    return this.#options.now() - this.#readAtMs <= this.#maxStaleMs ? this.#jwkSet : undefined;
  }

  async find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKeys | 'unknown' | 'unavailable'> {
    if (!this.current()) await this.#cacheLoaded;
    // The first reading, or the next one after the machine slept for longer than the keys may be used.
    if (!this.current() && this.#failures === 0 && !this.#isClosed) await this.#load();
    let jwkSet = this.current();
    if (!jwkSet) return 'unavailable';
    if (kid !== undefined && !jwkSet.hasKid(kid) && (await this.#loadForUnknownKid()))
      jwkSet = this.current() ?? jwkSet;
    return foundIn(jwkSet, kid, algorithm);
  }

  async renew(than: JwkSet): Promise<boolean> {
    if (this.current() === than) await this.#loadForUnknownKid();
    const jwkSet = this.current();
    return jwkSet !== undefined && jwkSet !== than;
  }

  readAtMs(): number | undefined {
    return this.#readAtMs === -Infinity ? undefined : this.#readAtMs;
  }

  failure(): KeyFailure | undefined {
    return this.#outage.current();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.stop();
    this.#source.stop();
  }

  /** Uses the keys cached on disk until newer ones are read. */
  async #loadCached(cache: JwksFileCache): Promise<void> {
    const { now, log } = this.#options;
    const issuer = this.#issuer.name;
    const cached = await cache.load();
    if (!cached || now() - cached.readAtMs > this.#maxStaleMs) return;
    try {
      const jwkSet = await createJwkSet(selectUsable(cached.jwks, this.#issuer));
      // Newer ones may have been read meanwhile. An empty set is not used: the keys then stay unknown.
      if (this.#isClosed || this.#jwkSet || jwkSet.size === 0) return;
      this.#jwkSet = jwkSet;
      this.#readAtMs = cached.readAtMs;
      log.info({ issuer, keys: jwkSet.size }, 'issuer keys loaded from the cache on disk');
    } catch (error) {
      log.warn({ issuer, ...logFieldsOf(error) }, 'cached issuer keys are not usable');
    }
  }

  /** One reading at a time: concurrent callers share it. */
  #load(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const fresh = await createJwkSet(selectUsable(await this.#source.read(), this.#issuer));
      if (!this.#isClosed) this.#accept(fresh);
    } catch (error) {
      if (!this.#isClosed) this.#handleFailure(error);
    }
  }

  #accept(fresh: JwkSet): void {
    const { now, log, onFetch } = this.#options;
    const issuer = this.#issuer.name;
    if (fresh.fingerprint !== this.#jwkSet?.fingerprint) {
      this.#jwkSet = fresh;
      if (fresh.size === 0) log.warn({ issuer }, 'an issuer has no usable key: its tokens are refused');
      else log.info({ issuer, keys: fresh.size }, 'issuer keys loaded');
    }
    this.#readAtMs = now();
    this.#outage.succeeded();
    void this.#fileCache?.save(fresh.jwks(), this.#readAtMs);
    this.#failures = 0;
    if (this.#canChange) this.#timer.scheduleRefresh();
    onFetch?.('ok');
  }

  #handleFailure(error: unknown): void {
    this.#failures++;
    this.#outage.failed(error);
    // With a timer set and current keys, an unknown kid caused this reading: the timer is kept.
    if (this.#canChange && !(this.#timer.isSet && this.current())) this.#timer.scheduleRetry(this.#failures);
    this.#options.onFetch?.('failed');
  }

  /** Whether the keys were read for this unknown kid or key, by this request or by one that it joined. */
  async #loadForUnknownKid(): Promise<boolean> {
    if (!this.#reading) {
      const nowMs = this.#options.now();
      if (!this.#canChange || this.#isClosed || nowMs - this.#readForKidAtMs < UNKNOWN_KID_PAUSE_MS)
        return false;
      this.#readForKidAtMs = nowMs;
    }
    if (this.#waiting >= MAX_WAITING) return false;
    this.#waiting++;
    await this.#load();
    this.#waiting--;
    return true;
  }
}

/** Returns the keys of a set that a token can mean, or `unknown`. */
export function foundIn(
  jwkSet: JwkSet,
  kid: string | undefined,
  algorithm: Algorithm,
): FoundKeys | 'unknown' {
  const keys = jwkSet.find(kid, algorithm);
  return keys.length > 0 ? { keys, jwkSet } : 'unknown';
}

/** The configured address, for the log. */
function locationOf(keys: KeySource): Pick<KeySourceDetails, 'url' | 'file'> {
  if (keys.kind === 'url') return { url: keys.url };
  if (keys.kind === 'discovery') return { url: keys.url ?? keys.issuer };
  return keys.kind === 'file' || keys.kind === 'public_key_file' ? { file: keys.path } : {};
}
