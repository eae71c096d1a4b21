/**
 * Chooses which of several targets gets the next request, for `upstream-pools.ts`: round robin, or the fewest exchanges
 * with round robin among equals.
 *
 * Round robin is stride scheduling (Waldspurger 1995): the chosen target advances by the inverse of its weight, and the
 * target furthest behind is next. A target that was unavailable does not catch up on what it missed.
 */
import type { Upstream } from '../model/upstream.js';

export interface Candidate {
  /** Exchanges in flight and waiting. */
  readonly load: number;
  /** Above 0 and at most 1: its current part of a full share. */
  weight(): number;
}

/** Chooses one candidate. Returns undefined for an empty list. */
export type Pick<T extends Candidate> = (among: readonly T[]) => T | undefined;

/** Creates a choice with its own round-robin state. */
export function createPick<T extends Candidate>(balance: Upstream['balance']): Pick<T> {
  const positions = new Map<T, number>();
  const countsLoad = balance === 'least-requests';
  /** The position of the last pick before it advanced. */
  let lastPosition = 0;

  return function pick(among) {
    let best: T | undefined;
    let bestLoad = Infinity;
    let bestPosition = Infinity;
    for (const candidate of among) {
      const load = countsLoad ? (candidate.load + 1) / candidate.weight() : 0;
      if (load > bestLoad) continue;
      const position = Math.max(positions.get(candidate) ?? 0, lastPosition);
      if (load === bestLoad && position >= bestPosition) continue;
      best = candidate;
      bestLoad = load;
      bestPosition = position;
    }
    if (best === undefined) return undefined;
    positions.set(best, bestPosition + 1 / best.weight());
    // By load, a busy target may stay behind for long. It gets no extra requests for that.
    lastPosition = bestPosition;
    return best;
  };
}
