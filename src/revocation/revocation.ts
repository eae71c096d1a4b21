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
 * Polling guarantees the one-second bound, also for a gateway that was unreachable. The messages and the revision in
 * replies only make it faster.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Revocation, RevocationChange } from '../model/revocation.js';
import type { RevocationNotifier } from './revocation-notifier.js';
import { createRefreshScheduler } from './refresh-scheduler.js';
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
}

export interface Revocations extends Watched {
  /** Whether a set is known, from the source or from the keeper. It stays in use while the source is unavailable. */
  readonly isKnown: boolean;
  /** Whether the caller is refused: it is revoked, or no set is known yet. */
  refuses(caller: Revocable): boolean;
  /** Settles when the source was first read, or was unavailable and the kept set was read. */
  readonly attempted: Promise<void>;
  /** The current set in memory; undefined while none is known. */
  readonly currentSet: RevokedSet | undefined;
  /** A page of the set as text, for another worker; undefined while none is known. */
  page(from: number): KnownPage | undefined;
  /**
   * Called with the revision in a reply to the limiter. For a new one, the promise settles when the set is up to date,
   * or after `patienceMs`.
   */
  onRevisionHint(revision: number): Promise<void> | undefined;
  /** Call after the source was changed by other means. Resolves when the set is up to date; notifies other gateways. */
  publishRevision(): Promise<void>;
  /** Writes to the source. Resolves when the set is up to date. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
  /** Stops polling. Resolves when the keeper is up to date. */
  close(): Promise<void>;
}

const POLL_MS = 500;
/** While the source is unavailable, so that reconnecting and reading take less than a second. */
const POLL_UNAVAILABLE_MS = 200;
/** How often ended revocations are removed. */
const DROP_EVERY_MS = 60_000;

/** Creates the set and starts polling the source until it is closed. Nothing rejects. */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { source, notifier, log, now, maxWaitMs: patienceMs, initialSet: held, cache: keeper } = options;
  const listeners = new Set<OnChange>();
  let revoked = held ?? new RevokedSet();
  let isKnown = held !== undefined;
  let position: Position | undefined;
  let isUnavailable = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function notifyListeners(changed: Parameters<OnChange>[0]): void {
    for (const listener of listeners) listener(changed);
  }

  function replace(fresh: RevokedSet): void {
    revoked = fresh;
    isKnown = true;
    notifyListeners(undefined);
  }

  function applyChanges(changes: readonly RevocationChange[]): void {
    if (changes.length === 0 || isClosed) return;
    revoked.apply(changes);
    keeper?.append(changes);
    notifyListeners(changes.map(({ revocation }) => revocation));
  }

  async function read(): Promise<void> {
    const whole: { set: RevokedSet | undefined } = { set: undefined };
    const found = await source.read(position, {
      startOver: () => void (whole.set = new RevokedSet()),
      apply: (changes) => (whole.set ? whole.set.apply(changes) : applyChanges(changes)),
      known: () => revoked.rows(),
    });
    recordAvailability(found === 'unavailable');
    if (found === 'unavailable' || isClosed) return;
    position = found;
    if (whole.set) {
      replace(whole.set);
      keeper?.save({ revoked, epoch: found.epoch });
    }
    log.debug({ revision: found.revision, revocations: revoked.size }, 'the revocations were read');
  }

  const { refresh, onRevisionHint: follow } = createRefreshScheduler(read, patienceMs);

  /** Uses the keeper's set where none is known yet. */
  async function recall(): Promise<void> {
    if (isKnown) return;
    const known = await keeper?.load();
    // The source may have been read meanwhile.
    if (!known || isClosed || position) return;
    position = { revision: undefined, epoch: known.epoch };
    replace(known.revoked);
    log.warn({ revocations: revoked.size }, 'the last known revocations hold until they can be read');
  }

  async function open(): Promise<void> {
    if (source.mayForget) await recall();
    await refresh();
    await recall();
  }

  async function poll(): Promise<void> {
    const revision = await source.revision();
    recordAvailability(revision === 'unavailable');
    if (revision !== 'unavailable' && revision !== position?.revision) await refresh();
  }

  function pollLater(): void {
    if (isClosed) return;
    timer = setTimeout(() => void poll().finally(pollLater), isUnavailable ? POLL_UNAVAILABLE_MS : POLL_MS);
    timer.unref();
  }

  function recordAvailability(nowUnavailable: boolean): void {
    if (nowUnavailable === isUnavailable || isClosed) return;
    isUnavailable = nowUnavailable;
    if (nowUnavailable) log.warn({}, 'revocations cannot be read: the last ones known hold');
    else log.info({}, 'revocations can be read again');
  }

  async function dropEnded(): Promise<void> {
    const set = revoked;
    for (let at = 0; at < set.parts && set === revoked && !isClosed; at++) {
      set.dropEnded(at, now());
      await nextTurn();
    }
  }

  const unsubscribe = notifier?.subscribe((revision) => void follow(revision));
  const dropping = setInterval(() => void dropEnded(), DROP_EVERY_MS).unref();
  const attempted = open();
  void attempted.finally(pollLater);

  return {
    isRevoked: (caller) => revoked.has(caller),
    refuses: (caller) => !isKnown || revoked.has(caller),
    get isKnown() {
      return isKnown;
    },
    attempted,
    get currentSet() {
      return isKnown ? revoked : undefined;
    },
    page: (from) => (isKnown ? pageOf({ revoked, epoch: position?.epoch ?? '' }, from) : undefined),
    onRevisionHint: follow,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async publishRevision() {
      await Promise.all([refresh(), notifier?.publish()]);
    },
    async revoke(revocation) {
      const result = await source.revoke(revocation);
      if (result === 'done') await refresh();
      return result;
    },
    async restore(issuer, app) {
      const result = await source.restore(issuer, app);
      if (result === true) await refresh();
      return result;
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(dropping);
      unsubscribe?.();
      listeners.clear();
      await keeper?.close();
    },
  };
}
