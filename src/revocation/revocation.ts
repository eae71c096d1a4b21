/**
 * The kill switch: what every gate knows of revoked apps, users and tokens.
 *
 *   registry, or Redis ──── read wholly when its revision has changed ────▶ the set in memory ◀── every request asks
 *      │                                                                         │
 *      │ asked for its revision every half second                                └── open streams end (leash.ts)
 *      │
 *   Redis ── a message (bell.ts), and a number in the reply to each call of the limiter
 *
 * A message and the number are hints that cost nothing and make it immediate. What holds the promise of one second
 * is the asking: nobody need have been told, and a gate that was away finds out.
 */
import type { Log } from '../model/log.js';
import type { Revocation } from '../model/revocation.js';
import type { Bell } from './bell.js';
import type { Watched } from './leash.js';
import { RevokedSet } from './revoked-set.js';
import type { RevocationSource } from './source.js';

export type { RevocationSource } from './source.js';
export { createLeash, type Leash, type LeashHand } from './leash.js';

export interface RevocationsOptions {
  readonly source: RevocationSource;
  /** Where there is a Redis. The source rings it after its own changes. */
  readonly bell: Bell | undefined;
  readonly log: Log;
  /** The longest that requests wait for the set to be read anew once Redis has told that it is old. */
  readonly patienceMs: number;
  /** What is revoked as far as was known before: it holds until the source is read. */
  readonly held?: RevokedSet | undefined;
}

export interface Revocations extends Watched {
  /** Whether the gate knows enough to get traffic. What was read once holds while its source is away. */
  readonly isReady: boolean;
  /** Settles when the source was first read, or found to be away. */
  readonly attempted: Promise<void>;
  /** The set in memory as it is now. */
  readonly held: RevokedSet;
  /**
   * Told of the number that rides in the limiter's calls. Where it is a new one, what to wait for: until the set is
   * read anew, or patience ends.
   */
  follow(revision: number): Promise<void> | undefined;
  /** To be called after the source was changed by other means: it holds here when this resolves, and others are told. */
  announce(): Promise<void>;
  /** Writes to the source; it holds here when this resolves. */
  revoke(revocation: Revocation): Promise<'done' | 'away'>;
  restore(issuer: string | undefined, app: string): Promise<boolean | 'away'>;
  close(): void;
}

const POLL_MS = 500;
/** While it is away, so that finding it again and asking it are done within a second. */
const POLL_AWAY_MS = 200;

export function createRevocations({
  source,
  bell,
  log,
  patienceMs,
  held = new RevokedSet([]),
}: RevocationsOptions): Revocations {
  const listeners = new Set<() => void>();
  let revoked = held;
  /** The source's revision that the set is of; undefined until it was read. */
  let known: number | undefined;
  let isAway = false;
  let isClosed = false;
  let reading: Promise<void> | undefined;
  let reader: Promise<void> | undefined;
  /** The last number that Redis told, and who waits for what it means. */
  let followed: number | undefined;
  let following: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function read(): Promise<void> {
    const snapshot = await source.read();
    tell(snapshot === 'away');
    if (snapshot === 'away' || isClosed) return;
    known = snapshot.revision;
    revoked = new RevokedSet(snapshot.revocations);
    log.debug({ revision: known, revocations: revoked.size }, 'the revocations were read');
    for (const listener of listeners) listener();
  }

  /** Reads once more. A reading that is under way may have begun before the change: then another follows it. */
  function refresh(): Promise<void> {
    if (!reading) return (reading = read().finally(() => (reading = undefined)));
    return (reader ??= reading.then(() => {
      reader = undefined;
      return refresh();
    }));
  }

  async function poll(): Promise<void> {
    const revision = await source.revision();
    tell(revision === 'away');
    if (revision !== 'away' && revision !== known) await refresh();
  }

  function pollLater(): void {
    if (isClosed) return;
    timer = setTimeout(() => void poll().finally(pollLater), isAway ? POLL_AWAY_MS : POLL_MS);
    timer.unref();
  }

  function tell(away: boolean): void {
    if (away === isAway || isClosed) return;
    isAway = away;
    if (away) log.warn({}, 'revocations cannot be read: the last ones known hold');
    else log.info({}, 'revocations can be read again');
  }

  function follow(revision: number): Promise<void> | undefined {
    if (revision === followed) return following;
    followed = revision;
    const mine = within(refresh(), patienceMs).finally(() => {
      if (following === mine) following = undefined;
    });
    return (following = mine);
  }

  const stopListening = bell?.listen((revision) => void follow(revision));
  const attempted = refresh();
  void attempted.finally(pollLater);

  return {
    isRevoked: (principal) => revoked.has(principal),
    get isReady() {
      return known !== undefined || !source.isRequired;
    },
    attempted,
    get held() {
      return revoked;
    },
    follow,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async announce() {
      await Promise.all([refresh(), bell?.ring()]);
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
    close() {
      isClosed = true;
      clearTimeout(timer);
      stopListening?.();
      listeners.clear();
    },
  };
}

/** Settles with the work or when the time is over, whichever is first; the work goes on. */
function within(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    work.then(done, done);
  });
}
