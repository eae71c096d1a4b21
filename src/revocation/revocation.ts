/**
 * The kill switch: what every gate knows of revoked apps, users, logins and tokens.
 *
 *   registry, or Redis ── what is new is read when the revision has changed ──▶ the set in memory ◀── every request asks
 *      │                                                                          │      │
 *      │ asked for its revision every half second                                 │      └── exchanges end (streamWatcher.ts)
 *      │                                                                          │
 *   Redis ── a message (notifier.ts), and a number in the reply to each              kept on disk (known-file.ts), for a
 *            call of the limiter                                                 start while the source is unavailable
 *
 * A message and the number are hints that cost nothing and make it immediate. What holds the promise of one second
 * is the asking: nobody need have been told, and a gate that was away finds out.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Revocation, RevocationChange } from '../model/revocation.js';
import type { RevocationNotifier } from './revocation-notifier.js';
import { createFollower } from './follower.js';
import type { Keeper } from './keeper.js';
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
  /** Where there is a Redis. The source rings it after its own changes. */
  readonly notifier: RevocationNotifier | undefined;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The longest that requests wait for the set to be read anew once Redis has told that it is old. */
  readonly patienceMs: number;
  /** What is revoked as far as was known before a reload: it holds until the source is read. */
  readonly held?: RevokedSet | undefined;
  /** Where the last known set outlives this process. */
  readonly keeper?: Keeper | undefined;
}

export interface Revocations extends Watched {
  /** Whether there is a set to go by, from the source or from what was kept of it. What is known holds while that is away. */
  readonly isKnown: boolean;
  /** Whether the caller may not pass: it is revoked, or nothing is known of revocations yet. */
  refuses(caller: Revocable): boolean;
  /** Settles when the source was first read, or found to be away and what was kept of it was read. */
  readonly attempted: Promise<void>;
  /** The set in memory as it is now; undefined while nothing is known. */
  readonly currentSet: RevokedSet | undefined;
  /** The set in memory as text, for another worker; undefined while nothing is known. */
  page(from: number): KnownPage | undefined;
  /**
   * Told of the number that rides in the limiter's calls. Where it is a new one, what to wait for: until the set is
   * up to date, or patience ends.
   */
  onRevisionHint(revision: number): Promise<void> | undefined;
  /** To be called after the source was changed by other means: it holds here when this resolves, and others are told. */
  publishRevision(): Promise<void>;
  /** Writes to the source; it holds here when this resolves. */
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
  /** Resolves when what is kept beyond this process is up to date. */
  close(): Promise<void>;
}

const POLL_MS = 500;
/** While it is away, so that finding it again and asking it are done within a second. */
const POLL_AWAY_MS = 200;
/** How often revocations that have ended are forgotten. */
const DROP_EVERY_MS = 60_000;

export function createRevocations(options: RevocationsOptions): Revocations {
  const { source, notifier, log, now, patienceMs, held, keeper } = options;
  const listeners = new Set<OnChange>();
  let revoked = held ?? new RevokedSet();
  let isKnown = held !== undefined;
  let position: Position | undefined;
  let isUnavailable = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function tellOf(changed: Parameters<OnChange>[0]): void {
    for (const listener of listeners) listener(changed);
  }

  function replace(fresh: RevokedSet): void {
    revoked = fresh;
    isKnown = true;
    tellOf(undefined);
  }

  function applyHere(changes: readonly RevocationChange[]): void {
    if (changes.length === 0 || isClosed) return;
    revoked.apply(changes);
    keeper?.note(changes);
    tellOf(changes.map(({ revocation }) => revocation));
  }

  async function read(): Promise<void> {
    const whole: { set: RevokedSet | undefined } = { set: undefined };
    const found = await source.read(position, {
      startOver: () => void (whole.set = new RevokedSet()),
      apply: (changes) => (whole.set ? whole.set.apply(changes) : applyHere(changes)),
      known: () => revoked.rows(),
    });
    tell(found === 'unavailable');
    if (found === 'unavailable' || isClosed) return;
    position = found;
    if (whole.set) {
      replace(whole.set);
      keeper?.keep({ revoked, epoch: found.epoch });
    }
    log.debug({ revision: found.revision, revocations: revoked.size }, 'the revocations were read');
  }

  const { refresh, follow } = createFollower(read, patienceMs);

  /** Takes up what was known before this process, where nothing is known yet. */
  async function recall(): Promise<void> {
    if (isKnown) return;
    const known = await keeper?.recall();
    // It may have been read meanwhile.
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
    tell(revision === 'unavailable');
    if (revision !== 'unavailable' && revision !== position?.revision) await refresh();
  }

  function pollLater(): void {
    if (isClosed) return;
    timer = setTimeout(() => void poll().finally(pollLater), isUnavailable ? POLL_AWAY_MS : POLL_MS);
    timer.unref();
  }

  function tell(away: boolean): void {
    if (away === isUnavailable || isClosed) return;
    isUnavailable = away;
    if (away) log.warn({}, 'revocations cannot be read: the last ones known hold');
    else log.info({}, 'revocations can be read again');
  }

  async function dropEnded(): Promise<void> {
    const set = revoked;
    for (let at = 0; at < set.parts && set === revoked && !isClosed; at++) {
      set.dropEnded(at, now());
      await nextTurn();
    }
  }

  const stopListening = notifier?.subscribe((revision) => void follow(revision));
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
      stopListening?.();
      listeners.clear();
      await keeper?.close();
    },
  };
}
