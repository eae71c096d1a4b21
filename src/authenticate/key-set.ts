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
import { createOutageLog } from './outage-log.js';
import { createTimedRead } from './timed-read.js';

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
  /** Stops the timers and the reading in progress. */
  close(): void;
}

/** The least time between two readings that unknown kids cause: unauthenticated clients choose kids. */
const UNKNOWN_KID_PAUSE_MS = 30_000;
/** Limits the requests that unknown kids keep waiting for an issuer that hangs; further ones are refused at once. */
const MAX_WAITING = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** The fraction of the maximum age after which keys are read again: the rest is for retries. */
const REFRESH_AT = 0.8;
/** The longest delay of a Node timer; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Reads an issuer's keys at once and again until it is closed. Failures are logged and retried after 1 to 30 s. */
export function createKeySet(issuer: Issuer, options: KeySetOptions): KeySet {
  const { now, log, maxAgeMs, onFetch } = options;
  const source = createTimedRead(createReadDocument(issuer.keys), locationOf(issuer.keys));
  const outage = createOutageLog(issuer.name, log, now);
  const changes = issuer.keys.kind !== 'inline';
  const isRemote = issuer.keys.kind === 'url' || issuer.keys.kind === 'discovery';
  const fileCache = isRemote ? options.cache?.(issuer) : undefined;
  const maxStaleMs = changes ? Math.max(options.maxStaleMs, maxAgeMs) : Infinity;

  let keyring: JwkSet | undefined;
  let readAtMs = -Infinity;
  let failures = 0;
  let readForKidAtMs = -Infinity;
  let reading: Promise<void> | undefined;
  /** How many requests with unknown kids wait for it. */
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const cacheLoaded = fileCache && loadCached(fileCache);
  void load();

  function current(): JwkSet | undefined {
    return now() - readAtMs <= maxStaleMs ? keyring : undefined;
  }

  /** Uses the keys cached on disk until newer ones are read. */
  async function loadCached(from: JwksFileCache): Promise<void> {
    const cached = await from.load();
    if (!cached || now() - cached.readAtMs > maxStaleMs) return;
    try {
      const jwkSet = await createJwkSet(selectUsable(cached.jwks, issuer));
      // Newer ones may have been read meanwhile. An empty set is not used: the keys then stay unknown.
      if (closed || keyring || jwkSet.size === 0) return;
      keyring = jwkSet;
      readAtMs = cached.readAtMs;
      log.info({ issuer: issuer.name, keys: jwkSet.size }, 'the keys of an issuer are those kept on disk');
    } catch (error) {
      log.warn({ issuer: issuer.name, ...logFieldsOf(error) }, 'the keys kept on disk are not usable');
    }
  }

  /** One reading at a time: concurrent callers share it. */
  function load(): Promise<void> {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  }

  async function read(): Promise<void> {
    try {
      const fresh = await createJwkSet(selectUsable(await source.read(), issuer));
      if (!closed) accept(fresh);
    } catch (error) {
      if (!closed) retry(error);
    }
  }

  function accept(fresh: JwkSet): void {
    if (fresh.fingerprint !== keyring?.fingerprint) {
      keyring = fresh;
      if (fresh.size === 0)
        log.warn({ issuer: issuer.name }, 'an issuer has no usable key: its tokens are refused');
      else log.info({ issuer: issuer.name, keys: fresh.size }, 'the keys of an issuer are new');
    }
    readAtMs = now();
    outage.succeeded();
    void fileCache?.save(fresh.jwks(), readAtMs);
    failures = 0;
    if (changes) schedule(maxAgeMs * REFRESH_AT);
    onFetch?.('ok');
  }

  function retry(error: unknown): void {
    failures++;
    outage.failed(error);
    // With a timer set and current keys, an unknown kid caused this reading: the timer is cached.
    if (changes && !(timer && current()))
      schedule(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS));
    onFetch?.('failed');
  }

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.min(delayMs, MAX_TIMER_MS)).unref();
  }

  function refresh(): void {
    timer = undefined;
    void load();
  }

  /** Whether the keys were read for this unknown kid or key, by this request or by one that it joined. */
  async function loadForUnknownKid(): Promise<boolean> {
    if (!reading) {
      if (!changes || closed || now() - readForKidAtMs < UNKNOWN_KID_PAUSE_MS) return false;
      readForKidAtMs = now();
    }
    if (waiting >= MAX_WAITING) return false;
    waiting++;
    await load();
    waiting--;
    return true;
  }

  return {
    current,
    async find(kid, algorithm) {
      if (!current()) await cacheLoaded;
      // The first reading, or the next one after the machine slept for longer than the keys may be used.
      if (!current() && failures === 0 && !closed) await load();
      let jwkSet = current();
      if (!jwkSet) return 'unavailable';
      if (kid !== undefined && !jwkSet.hasKid(kid) && (await loadForUnknownKid()))
        jwkSet = current() ?? jwkSet;
      return foundIn(jwkSet, kid, algorithm);
    },
    async renew(than) {
      if (current() === than) await loadForUnknownKid();
      const jwkSet = current();
      return jwkSet !== undefined && jwkSet !== than;
    },
    readAtMs: () => (readAtMs === -Infinity ? undefined : readAtMs),
    close() {
      closed = true;
      clearTimeout(timer);
      source.stop();
    },
  };
}

/** Returns the keys of a set that a token can mean, or `unknown`. */
export function foundIn(
  keyring: JwkSet,
  kid: string | undefined,
  algorithm: Algorithm,
): FoundKeys | 'unknown' {
  const keys = keyring.find(kid, algorithm);
  return keys.length > 0 ? { keys, jwkSet: keyring } : 'unknown';
}

/** The configured address, for the log. */
function locationOf(keys: KeySource): Pick<KeySourceDetails, 'url' | 'file'> {
  if (keys.kind === 'url') return { url: keys.url };
  if (keys.kind === 'discovery') return { url: keys.issuer };
  return keys.kind === 'file' ? { file: keys.path } : {};
}
