/**
 * Ends what outlives its request: WebSocket tunnels and event streams hang on a leash, which is drawn in when their
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

/** By what the leash is drawn in. */
export interface LeashHand {
  /** Undefined where the gate has nothing to keep revocations in: tokens end all the same. */
  readonly revocations: Watched | undefined;
  /** How long after `exp` the tokens of an issuer are still accepted. */
  readonly clockSkewMs: (issuer: string) => number;
}

export interface LeashOptions extends LeashHand {
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Leash {
  /**
   * Calls `end` once, later, when the principal may no longer pass.
   *
   * @returns lets go: it is not called any more
   */
  hold(principal: Principal, end: () => void): () => void;
  isRevoked(principal: Principal): boolean;
  /**
   * Calls back after changes of what is revoked, at most every 50 ms; until the returned function is called. For whoever
   * knows of many exchanges under way, each too short to be held here.
   */
  onRevocation(listener: () => void): () => void;
  /** Gives the leash into another hand, with all that hangs on it: after a reload. */
  pass(hand: LeashHand): void;
}

/** Revocations may come in floods, and a listener looks at every exchange under way. */
const TELL_AFTER_MS = 50;

/** The longest that a timer of Node can wait; what takes longer is looked at again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Held {
  readonly principal: Principal;
  readonly endsAtMs: number;
  readonly end: () => void;
  timer: NodeJS.Timeout | undefined;
}

export function createLeash({ now, ...first }: LeashOptions): Leash {
  const all = new Set<Held>();
  const listeners = new Set<() => void>();
  let telling: NodeJS.Timeout | undefined;
  let hand: LeashHand = first;
  let stopWatching = watch();

  function watch(): (() => void) | undefined {
    return hand.revocations?.onChange(drawRevoked);
  }

  /** Only those whom a change is of are looked up in the set. */
  function drawRevoked(changed?: readonly RevocationKey[]): void {
    const ids = changed && new Set(changed.map(({ id }) => id));
    for (const held of all) if ((!ids || isOneOf(ids, held)) && mustEnd(held)) draw(held);
    telling ??= setTimeout(() => {
      telling = undefined;
      for (const listener of listeners) listener();
    }, TELL_AFTER_MS).unref();
  }

  function letGo(held: Held): void {
    clearTimeout(held.timer);
    all.delete(held);
  }

  function draw(held: Held): void {
    letGo(held);
    held.end();
  }

  /** Waits for the end by the clock of the world, which timers do not know. */
  function wait(held: Held, ms: number): void {
    held.timer = setTimeout(
      () => {
        const leftMs = mustEnd(held) ? 0 : held.endsAtMs - now();
        if (leftMs <= 0) draw(held);
        else wait(held, leftMs);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    held.timer.unref();
  }

  function mustEnd({ principal }: Held): boolean {
    return hand.revocations?.isRevoked(principal) === true;
  }

  return {
    isRevoked: (principal) => hand.revocations?.isRevoked(principal) === true,
    onRevocation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hold(principal, end) {
      const endsAtMs = principal.expiresAtMs + hand.clockSkewMs(principal.issuer);
      const held: Held = { principal, endsAtMs, end, timer: undefined };
      all.add(held);
      // The caller may have been revoked since its request was admitted.
      const leftMs = mustEnd(held) ? 0 : Math.max(0, endsAtMs - now());
      if (leftMs < Infinity) wait(held, leftMs);
      return () => letGo(held);
    },
    pass(to) {
      stopWatching?.();
      hand = to;
      stopWatching = watch();
      drawRevoked();
    },
  };
}

function isOneOf(ids: ReadonlySet<string | undefined>, { principal }: Held): boolean {
  return ids.has(principal.app) || ids.has(principal.tokenId) || ids.has(principal.family);
}
