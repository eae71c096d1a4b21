/**
 * Closes tunnels and event streams when the token of their caller expires or the caller is revoked. Created in
 * `src/app/`.
 */
import type { Principal } from '../model/principal.js';
import type { RevocationKey } from '../model/revocation.js';
import type { OnChange, Revocable } from './revocable.js';

/** The part of the revocations that is used here. */
export interface Watched {
  isRevoked(subject: Revocable): boolean;
  /** Calls back after each change with what changed, until the returned function is called. */
  onChange(listener: OnChange): () => void;
}

/** What decides when a stream must end. */
export interface StreamWatcherContext {
  /** Undefined where the gateway has no revocation source. Streams still end when tokens expire. */
  readonly revocations: Watched | undefined;
  /** How long after `exp` an issuer's tokens are still accepted. */
  readonly clockSkewMs: (issuer: string) => number;
}

export interface StreamWatcherOptions extends StreamWatcherContext {
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface StreamWatcher {
  /**
   * Calls `end` once, asynchronously, when the principal's token expires or the principal is revoked.
   *
   * @returns a function that stops watching
   */
  watch(principal: Principal, end: () => void): () => void;
  isRevoked(principal: Principal): boolean;
  /**
   * Calls back after revocations changed, at most every 50 ms, until the returned function is called. For a caller with
   * many exchanges in progress that are too short to watch each.
   */
  onRevocation(listener: () => void): () => void;
  /** Replaces the context of all watched streams, after a reload. The clock skew of streams already watched stays. */
  rebind(context: StreamWatcherContext): void;
}

/** Many revocations may come at once, and a listener checks every exchange in progress. */
const NOTIFY_AFTER_MS = 50;

/** The longest delay of a Node timer; a later end is checked again then. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface WatchedStream {
  readonly principal: Principal;
  readonly endsAtMs: number;
  readonly end: () => void;
  timer: NodeJS.Timeout | undefined;
}

/** Creates the watcher. Its timers do not keep the process alive. */
export function createStreamWatcher({ now, ...first }: StreamWatcherOptions): StreamWatcher {
  const all = new Set<WatchedStream>();
  const listeners = new Set<() => void>();
  let notifyTimer: NodeJS.Timeout | undefined;
  let context: StreamWatcherContext = first;
  let unsubscribeRevocations = subscribeRevocations();

  function subscribeRevocations(): (() => void) | undefined {
    return context.revocations?.onChange(terminateRevoked);
  }

  /** Only streams that a change can affect are looked up in the set. */
  function terminateRevoked(changed?: readonly RevocationKey[]): void {
    const ids = changed && new Set(changed.map(({ id }) => id));
    for (const stream of all) if ((!ids || isOneOf(ids, stream)) && mustEnd(stream)) terminate(stream);
    notifyTimer ??= setTimeout(() => {
      notifyTimer = undefined;
      for (const listener of listeners) listener();
    }, NOTIFY_AFTER_MS).unref();
  }

  function stopWatching(stream: WatchedStream): void {
    clearTimeout(stream.timer);
    all.delete(stream);
  }

  function terminate(stream: WatchedStream): void {
    stopWatching(stream);
    stream.end();
  }

  /** Waits for the end by the wall clock, which a timer does not follow: the time is checked again when it fires. */
  function wait(stream: WatchedStream, ms: number): void {
    stream.timer = setTimeout(
      () => {
        const leftMs = mustEnd(stream) ? 0 : stream.endsAtMs - now();
        if (leftMs <= 0) terminate(stream);
        else wait(stream, leftMs);
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    stream.timer.unref();
  }

  function mustEnd({ principal }: WatchedStream): boolean {
    return context.revocations?.isRevoked(principal) === true;
  }

  return {
    isRevoked: (principal) => context.revocations?.isRevoked(principal) === true,
    onRevocation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch(principal, end) {
      const endsAtMs = principal.expiresAtMs + context.clockSkewMs(principal.issuer);
      const stream: WatchedStream = { principal, endsAtMs, end, timer: undefined };
      all.add(stream);
      // The caller may have been revoked since its request was admitted.
      const leftMs = mustEnd(stream) ? 0 : Math.max(0, endsAtMs - now());
      if (leftMs < Infinity) wait(stream, leftMs);
      return () => stopWatching(stream);
    },
    rebind(to) {
      unsubscribeRevocations?.();
      context = to;
      unsubscribeRevocations = subscribeRevocations();
      terminateRevoked();
    },
  };
}

function isOneOf(ids: ReadonlySet<string | undefined>, { principal }: WatchedStream): boolean {
  return ids.has(principal.app) || ids.has(principal.tokenId) || ids.has(principal.family);
}
