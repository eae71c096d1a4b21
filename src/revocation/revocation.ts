/**
 * The revoked apps, users, logins and tokens, as every gateway knows them. Created by `src/app/revocations.ts`.
 *
 *   registry, or Redis ── changes are read when the revision has changed ──▶ the set in memory ◀── every request checks it
 *      │                                                                        │      │
 *      │ polled for its revision every half second                              │      └── streams end (stream-watcher.ts)
 *      │                                                                        │
 *   Redis ── a message (revocation-notifier.ts), and the revision in              kept on disk (known-file.ts), for a
 *            each reply to the limiter                                            start while the source is unavailable
 *
 * Polling guarantees the one-second bound, also for a gateway that was unreachable. The messages and replies are faster.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Revocation, RevocationChange } from '../model/revocation.js';
import type { RevocationNotifier } from './revocation-notifier.js';
import { createRefreshScheduler, type RefreshScheduler } from './refresh-scheduler.js';
import type { RevocationCache } from './revocation-cache.js';
import { pageOf, type KnownPage } from './known-pages.js';
import type { Watched } from './stream-watcher.js';
import type { OnChange, Revocable } from './revocable.js';
import { RevokedSet } from './revoked-set.js';
import type { Position, RevocationSource } from './source.js';

export type { RevocationSource } from './source.js';
export type { KnownPage } from './known-pages.js';
export { createStreamWatcher, type StreamWatcher, type StreamWatcherContext } from './stream-watcher.js';

export interface RevocationsOptions {
  readonly source: RevocationSource;
  /** Undefined without Redis. The source publishes its own changes. */
  readonly notifier: RevocationNotifier | undefined;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The longest that requests wait for a reading after Redis reported a newer revision. */
  readonly maxWaitMs: number;
  /** The set known before a reload. It is used until the source is read. */
  readonly initialSet?: RevokedSet | undefined;
  /** Keeps the last known set outside this process. */
  readonly cache?: RevocationCache | undefined;
  /** Called with the revision after each reading. */
  readonly onApplied?: ((revision: number | undefined) => void) | undefined;
}

export interface Revocations extends Watched {
  /** Whether a set is known, from the source or from the cache. It stays in use while the source is unavailable. */
  readonly isKnown: boolean;
  /** Since when the source cannot be read, epoch milliseconds; undefined while it can. */
  readonly unavailableSinceMs: number | undefined;
  /** Whether the caller is refused: it is revoked, or no set is known yet. */
  refuses(caller: Revocable): boolean;
  /** Settles when the source was first read, or was unavailable and the cached set was read. */
  readonly attempted: Promise<void>;
  /** The current set in memory; undefined while none is known. */
  readonly currentSet: RevokedSet | undefined;
  /** A page of the set as text, for another worker; undefined while none is known. */
  page(from: number): KnownPage | undefined;
  /**
   * Called with the revision in a reply to the limiter. For a new one, the promise settles when the set is up to date,
   * or after `maxWaitMs`.
   */
  onRevisionHint(revision: number): Promise<void> | undefined;
  /** Call after the source was changed by other means. Resolves when the set is up to date; notifies other gateways. */
  publishRevision(): Promise<void>;
  /** Writes to the source. Resolves when the set is up to date. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
  /** Stops polling. Resolves when the cache is up to date. */
  close(): Promise<void>;
}

const POLL_MS = 500;
/** While the source is unavailable, so that reconnecting and reading take less than a second. */
const POLL_UNAVAILABLE_MS = 200;
/** How often ended revocations are removed. */
const DROP_EVERY_MS = 60_000;

/** Creates the set and starts polling the source until it is closed. Nothing rejects. */
export function createRevocations(options: RevocationsOptions): Revocations {
  return new PolledRevocations(options);
}

class PolledRevocations implements Revocations {
  readonly attempted: Promise<void>;
  readonly #options: RevocationsOptions;
  readonly #scheduler: RefreshScheduler;
  readonly #listeners = new Set<OnChange>();
  #revoked: RevokedSet;
  #isKnown: boolean;
  #position: Position | undefined;
  unavailableSinceMs: number | undefined;
  #isClosed = false;
  #pollTimer: NodeJS.Timeout | undefined;
  readonly #dropTimer: NodeJS.Timeout;
  readonly #unsubscribe: (() => void) | undefined;

  constructor(options: RevocationsOptions) {
    const { initialSet, maxWaitMs, notifier } = options;
    this.#options = options;
    this.#revoked = initialSet ?? new RevokedSet();
    this.#isKnown = initialSet !== undefined;
    this.#scheduler = createRefreshScheduler(() => this.#read(), maxWaitMs);
    this.#unsubscribe = notifier?.subscribe((revision) => void this.onRevisionHint(revision));
    this.#dropTimer = setInterval(() => void this.#dropEnded(), DROP_EVERY_MS).unref();
    this.attempted = this.#open();
    void this.attempted.finally(() => this.#pollLater());
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get currentSet(): RevokedSet | undefined {
    return this.#isKnown ? this.#revoked : undefined;
  }

  isRevoked(caller: Revocable): boolean {
    return this.#revoked.has(caller);
  }

  refuses(caller: Revocable): boolean {
    return !this.#isKnown || this.#revoked.has(caller);
  }

  page(from: number): KnownPage | undefined {
    return this.#isKnown
      ? pageOf({ revoked: this.#revoked, epoch: this.#position?.epoch ?? '' }, from)
      : undefined;
  }

  onRevisionHint(revision: number): Promise<void> | undefined {
    return this.#scheduler.onRevisionHint(revision);
  }

  onChange(listener: OnChange): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async publishRevision(): Promise<void> {
    await Promise.all([this.#scheduler.refresh(), this.#options.notifier?.publish()]);
  }

  async revoke(revocation: Revocation): Promise<'done' | 'unavailable'> {
    const result = await this.#options.source.revoke(revocation);
    if (result === 'done') await this.#scheduler.refresh();
    return result;
  }

  async restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'> {
    const result = await this.#options.source.restore(issuer, app);
    if (result === true) await this.#scheduler.refresh();
    return result;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pollTimer);
    clearInterval(this.#dropTimer);
    this.#unsubscribe?.();
    this.#listeners.clear();
    await this.#options.cache?.close();
  }

  async #open(): Promise<void> {
    if (this.#options.source.mayForget) await this.#load();
    await this.#scheduler.refresh();
    await this.#load();
  }

  /** Uses the cache's set where none is known yet. */
  async #load(): Promise<void> {
    if (this.#isKnown) return;
    const known = await this.#options.cache?.load();
    // The source may have been read meanwhile.
    if (!known || this.#isClosed || this.#position) return;
    this.#position = { revision: undefined, epoch: known.epoch };
    this.#replace(known.revoked);
    this.#options.log.warn(
      { revocations: this.#revoked.size },
      'the last known revocations are used until they can be read',
    );
  }

  async #read(): Promise<void> {
    const { source, cache, log, onApplied } = this.#options;
    const whole: { set: RevokedSet | undefined } = { set: undefined };
    const found = await source.read(this.#position, {
      startOver: () => void (whole.set = new RevokedSet()),
      apply: (changes) => (whole.set ? whole.set.apply(changes) : this.#applyChanges(changes)),
      known: () => this.#revoked.rows(),
    });
    this.#recordAvailability(found === 'unavailable');
    if (found === 'unavailable' || this.#isClosed) return;
    this.#position = found;
    if (whole.set) {
      this.#replace(whole.set);
      cache?.save({ revoked: this.#revoked, epoch: found.epoch });
    }
    onApplied?.(found.revision);
    log.debug({ revision: found.revision, revocations: this.#revoked.size }, 'the revocations were read');
  }

  #replace(fresh: RevokedSet): void {
    this.#revoked = fresh;
    this.#isKnown = true;
    this.#notifyListeners(undefined);
  }

  #applyChanges(changes: readonly RevocationChange[]): void {
    if (changes.length === 0 || this.#isClosed) return;
    this.#revoked.apply(changes);
    this.#options.cache?.append(changes);
    this.#notifyListeners(changes.map(({ revocation }) => revocation));
  }

  #notifyListeners(changed: Parameters<OnChange>[0]): void {
    for (const listener of this.#listeners) listener(changed);
  }

  #pollLater(): void {
    if (this.#isClosed) return;
    const poll = (): void => void this.#poll().finally(() => this.#pollLater());
    const ms = this.unavailableSinceMs === undefined ? POLL_MS : POLL_UNAVAILABLE_MS;
    this.#pollTimer = setTimeout(poll, ms).unref();
  }

  async #poll(): Promise<void> {
    const revision = await this.#options.source.revision();
    this.#recordAvailability(revision === 'unavailable');
    if (revision !== 'unavailable' && revision !== this.#position?.revision) await this.#scheduler.refresh();
  }

  #recordAvailability(nowUnavailable: boolean): void {
    if (nowUnavailable === (this.unavailableSinceMs !== undefined) || this.#isClosed) return;
    const { log, now } = this.#options;
    this.unavailableSinceMs = nowUnavailable ? now() : undefined;
    if (nowUnavailable) log.warn({}, 'revocations cannot be read: the last known ones stay in use');
    else log.info({}, 'revocations can be read again');
  }

  async #dropEnded(): Promise<void> {
    const set = this.#revoked;
    for (let at = 0; at < set.parts && set === this.#revoked && !this.#isClosed; at++) {
      set.dropEnded(at, this.#options.now());
      await nextTick();
    }
  }
}
