/**
 * Ends what outlives its request: WebSocket tunnels and event streams hang on a streamWatcher, which is drawn in when their
 * caller is revoked or its token ends.
 */
import type { Principal } from '../model/principal.js';
import type { RevocationKey } from '../model/revocation.js';
import type { OnChange, Revocable } from './revocable.js';

/** The revocations as they are needed here. */
export interface Watched {
  isRevoked(subject: Revocable): boolean;
  /** Calls back after each change, with what has changed; until the returned function is called. */
  onChange(listener: OnChange): () => void;
}

/** By what the streamWatcher is drawn in. */
export interface StreamWatcherContext {
  /** Undefined where the gate has nothing to keep revocations in: tokens end all the same. */
  readonly revocations: Watched | undefined;
  /** How long after `exp` the tokens of an issuer are still accepted. */
  readonly clockSkewMs: (issuer: string) => number;
}

export interface StreamWatcherOptions extends StreamWatcherContext {
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface StreamWatcher {
  /**
   * Calls `end` once, later, when the principal may no longer pass.
   *
   * @returns lets go: it is not called any more
   */
  watch(principal: Principal, end: () => void): () => void;
  isRevoked(principal: Principal): boolean;
  /**
   * Calls back after changes of what is revoked, at most every 50 ms; until the returned function is called. For whoever
   * knows of many exchanges under way, each too short to be held here.
   */
  onRevocation(listener: () => void): () => void;
  /** Gives the streamWatcher into another hand, with all that hangs on it: after a reload. */
  rebind(hand: StreamWatcherContext): void;
}

/** Revocations may come in floods, and a listener looks at every exchange under way. */
const TELL_AFTER_MS = 50;

/** The longest that a timer of Node can wait; what takes longer is looked at again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface WatchedStream {
  readonly principal: Principal;
  readonly endsAtMs: number;
  readonly end: () => void;
  timer: NodeJS.Timeout | undefined;
}

export function createStreamWatcher({ now, ...first }: StreamWatcherOptions): StreamWatcher {
  const all = new Set<WatchedStream>();
  const listeners = new Set<() => void>();
  let telling: NodeJS.Timeout | undefined;
  let hand: StreamWatcherContext = first;
  let stopWatching = watch();

  function watch(): (() => void) | undefined {
    return hand.revocations?.onChange(terminateRevoked);
  }

  /** Only those whom a change is of are looked up in the set. */
  function terminateRevoked(changed?: readonly RevocationKey[]): void {
    const ids = changed && new Set(changed.map(({ id }) => id));
    for (const held of all) if ((!ids || isOneOf(ids, held)) && mustEnd(held)) terminate(held);
    telling ??= setTimeout(() => {
      telling = undefined;
      for (const listener of listeners) listener();
    }, TELL_AFTER_MS).unref();
  }

  function unsubscribe(held: WatchedStream): void {
    clearTimeout(held.timer);
    all.delete(held);
  }

  function terminate(held: WatchedStream): void {
    unsubscribe(held);
    held.end();
  }

  /** Waits for the end by the clock of the world, which timers do not know. */
  function wait(held: WatchedStream, ms: number): void {
    held.timer = setTimeout(
      () => {
        const leftMs = mustEnd(held) ? 0 : held.endsAtMs - now();
        if (leftMs <= 0) terminate(held);
        else wait(held, leftMs);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    held.timer.unref();
  }

  function mustEnd({ principal }: WatchedStream): boolean {
    return hand.revocations?.isRevoked(principal) === true;
  }

  return {
    isRevoked: (principal) => hand.revocations?.isRevoked(principal) === true,
    onRevocation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch(principal, end) {
      const endsAtMs = principal.expiresAtMs + hand.clockSkewMs(principal.issuer);
      const held: WatchedStream = { principal, endsAtMs, end, timer: undefined };
      all.add(held);
      // The caller may have been revoked since its request was admitted.
      const leftMs = mustEnd(held) ? 0 : Math.max(0, endsAtMs - now());
      if (leftMs < Infinity) wait(held, leftMs);
      return () => unsubscribe(held);
    },
    rebind(to) {
      stopWatching?.();
      hand = to;
      stopWatching = watch();
      terminateRevoked();
    },
  };
}

function isOneOf(ids: ReadonlySet<string | undefined>, { principal }: WatchedStream): boolean {
  return ids.has(principal.app) || ids.has(principal.tokenId) || ids.has(principal.family);
}
