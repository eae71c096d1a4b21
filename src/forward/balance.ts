/**
 * Which of several targets gets the next request: each in turn, or the one with the fewest exchanges, those alike in
 * turn.
 *
 * The turn is stride scheduling (Waldspurger 1995): whoever is picked moves on by the inverse of its share, and the one
 * that is furthest back is next. One that was away for long does not catch up on what it missed.
 */
import type { Upstream } from '../model/upstream.js';

export interface Candidate {
  /** Exchanges under way and waiting. */
  readonly load: number;
  /** From above 0 to 1: how much of a full part it should get now. */
  weight(): number;
}

/** Undefined where there is nothing to pick from. */
export type Pick<T extends Candidate> = (among: readonly T[]) => T | undefined;

export function createPick<T extends Candidate>(balance: Upstream['balance']): Pick<T> {
  const places = new Map<T, number>();
  const countsLoad = balance === 'least-requests';
  /** Where the last one that was picked stood. */
  let front = 0;

  return function pick(among) {
    let best: T | undefined;
    let bestWeight = Infinity;
    let bestPlace = Infinity;
    for (const candidate of among) {
      const weight = countsLoad ? (candidate.load + 1) / candidate.weight() : 0;
      if (weight > bestWeight) continue;
      const place = Math.max(places.get(candidate) ?? 0, front);
      if (weight === bestWeight && place >= bestPlace) continue;
      best = candidate;
      bestWeight = weight;
      bestPlace = place;
    }
    if (best === undefined) return undefined;
    places.set(best, bestPlace + 1 / best.weight());
    // By load, a busy one may stay behind for long: it is owed no turns for that.
    front = bestPlace;
    return best;
  };
}
