/**
 * Authenticate, an issuer's keys over time: read at once, again before they are old, and when a token names a new one.
 *
 * A request waits for the first reading only, and for one that its own unknown kid has caused. While a good set is
 * there, nobody waits for another, and while the issuer is away that set goes on serving. At a start the set that was
 * kept on disk is a good one too.
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
  readonly now: () => number;
  readonly log: Log;
  /** How old keys may grow before they are read again. */
  readonly maxAgeMs: number;
  /** How long the last good keys serve while their source is away. */
  readonly maxStaleMs: number;
  /** Where the last good keys of an issuer that is asked over the network outlive this process; left out: nowhere. */
  readonly cache?: OpenJwksFileCache | undefined;
  /** Told of each reading how it ended. */
  readonly onFetch?: (result: FetchResult) => void;
}

export type FetchResult = 'ok' | 'failed';

export interface FoundKeys {
  /** One at least; where there are several, a token may be signed with any of them. */
  readonly keys: readonly KeyObject[];
  readonly keyring: JwkSet;
}

export interface KeySet {
  /** The keys that count now: the same object as long as they are the same; undefined while there are none. */
  current(): JwkSet | undefined;
  /** The keys that a token can mean. `unavailable`: the keys could not be read, so nothing can be said of it. */
  find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKeys | 'unknown' | 'unavailable'>;
  /**
   * Reads the keys again for a token without `kid` that none of them has signed, as seldom as for an unknown `kid`.
   * @returns whether there are other keys than those by now
   */
  renew(than: JwkSet): Promise<boolean>;
  /** When the keys were last read with success, epoch milliseconds. */
  readAtMs(): number | undefined;
  /** Ends its timers and what is being read. */
  close(): void;
}

/** Between two readings that unknown kids cause, since strangers choose kids. */
const UNKNOWN_KID_PAUSE_MS = 30_000;
/** With an issuer that hangs, a flood of unknown kids must not fill the gate: the rest of it is refused at once. */
const MOST_WAITING = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** The part of their age after which keys are read again: the rest is for retries. */
const REFRESH_AT = 0.8;
/** The longest that a timer can run; a longer one would ring at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reads an issuer's keys at once and keeps them fresh until it is closed. */
export function createKeySet(issuer: Issuer, options: KeySetOptions): KeySet {
  const { now, log, maxAgeMs, onFetch } = options;
  const source = createTimedRead(createReadDocument(issuer.keys), placeOf(issuer.keys));
  const outage = createOutageLog(issuer.name, log, now);
  const changes = issuer.keys.kind !== 'inline';
  const isRemote = issuer.keys.kind === 'url' || issuer.keys.kind === 'discovery';
  const fileCache = isRemote ? options.cache?.(issuer) : undefined;
  const maxStaleMs = changes ? Math.max(options.maxStaleMs, maxAgeMs) : Infinity;

  let keyring: JwkSet | undefined;
  let readAtMs = -Infinity;
  let failures = 0;
  let askedForKidAtMs = -Infinity;
  let reading: Promise<void> | undefined;
  /** Requests with unknown kids that wait for it. */
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const recalled = fileCache && loadCached(fileCache);
  void load();

  function current(): JwkSet | undefined {
    return now() - readAtMs <= maxStaleMs ? keyring : undefined;
  }

  /** The keys that were kept on disk serve until better ones are read. */
  async function loadCached(from: JwksFileCache): Promise<void> {
    const kept = await from.load();
    if (!kept || now() - kept.readAtMs > maxStaleMs) return;
    try {
      const ring = await createJwkSet(selectUsable(kept.jwks, issuer));
      // Better ones may have been read meanwhile; and of an issuer without a key nothing is known.
      if (closed || keyring || ring.size === 0) return;
      keyring = ring;
      readAtMs = kept.readAtMs;
      log.info({ issuer: issuer.name, keys: ring.size }, 'the keys of an issuer are those kept on disk');
    } catch (error) {
      log.warn({ issuer: issuer.name, ...logFieldsOf(error) }, 'the keys kept on disk are not usable');
    }
  }

  /** One reading at a time: whoever asks meanwhile gets the same. */
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
    // Where a timer is set and keys still serve, an unknown kid has caused this reading: the timer runs on.
    if (changes && !(timer && current()))
      schedule(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS));
    onFetch?.('failed');
  }

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.min(delayMs, LONGEST_TIMER_MS)).unref();
  }

  function refresh(): void {
    timer = undefined;
    void load();
  }

  /** Whether keys were read because of an unknown kid or an unknown key, by this request or by one shortly before. */
  async function loadForUnknownKid(): Promise<boolean> {
    if (!reading) {
      if (!changes || closed || now() - askedForKidAtMs < UNKNOWN_KID_PAUSE_MS) return false;
      askedForKidAtMs = now();
    }
    if (waiting >= MOST_WAITING) return false;
    waiting++;
    await load();
    waiting--;
    return true;
  }

  return {
    current,
    async find(kid, algorithm) {
      if (!current()) await recalled;
      // The first reading; or, where the machine has slept for longer than keys may serve, one that is as good.
      if (!current() && failures === 0 && !closed) await load();
      let ring = current();
      if (!ring) return 'unavailable';
      if (kid !== undefined && !ring.hasKid(kid) && (await loadForUnknownKid())) ring = current() ?? ring;
      return foundIn(ring, kid, algorithm);
    },
    async renew(than) {
      if (current() === than) await loadForUnknownKid();
      const ring = current();
      return ring !== undefined && ring !== than;
    },
    readAtMs: () => (readAtMs === -Infinity ? undefined : readAtMs),
    close() {
      closed = true;
      clearTimeout(timer);
      source.stop();
    },
  };
}

/** What a set of keys has for a token. */
export function foundIn(
  keyring: JwkSet,
  kid: string | undefined,
  algorithm: Algorithm,
): FoundKeys | 'unknown' {
  const keys = keyring.find(kid, algorithm);
  return keys.length > 0 ? { keys, keyring } : 'unknown';
}

/** The address that the configuration gives, for the log. */
function placeOf(keys: KeySource): Pick<KeySourceDetails, 'url' | 'file'> {
  if (keys.kind === 'url') return { url: keys.url };
  if (keys.kind === 'discovery') return { url: keys.issuer };
  return keys.kind === 'file' ? { file: keys.path } : {};
}
