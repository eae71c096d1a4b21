/**
 * The scale on which traffic counts durations: from 0.1 ms to 60 s in steps of 9 %, so that a percentile is within 5 % of
 * the exact one. Shorter and longer durations have a class each.
 */

const SHORTEST_MS = 0.1;
const LONGEST_MS = 60_000;
const GROWTH = 1.09;

const LOG_SHORTEST = Math.log(SHORTEST_MS);
const PER_LOG = 1 / Math.log(GROWTH);
/** The class of all durations above the scale. */
const LAST = 1 + Math.ceil((Math.log(LONGEST_MS) - LOG_SHORTEST) * PER_LOG);

/** How many classes there are. */
export const LATENCY_CLASSES = LAST + 1;

/** Returns the class of a duration, from 0. */
export function latencyClassOf(durationMs: number): number {
  if (!(durationMs >= SHORTEST_MS)) return 0;
  if (durationMs >= LONGEST_MS) return LAST;
  return 1 + Math.floor((Math.log(durationMs) - LOG_SHORTEST) * PER_LOG);
}

/**
 * Returns a percentile by nearest rank, in milliseconds; null where nothing was counted.
 *
 * @param counts by class
 * @param part 0.99 for p99
 */
export function percentileOf(counts: ArrayLike<number>, part: number): number | null {
  let total = 0;
  for (let index = 0; index < LATENCY_CLASSES; index++) total += counts[index] ?? 0;
  if (total === 0) return null;
  let left = Math.max(1, Math.ceil(total * part));
  for (let index = 0; index < LAST; index++) {
    left -= counts[index] ?? 0;
    if (left <= 0) return middleOf(index);
  }
  return LONGEST_MS;
}

/** The geometric middle of a class, rounded to three digits. */
function middleOf(index: number): number {
  if (index === 0) return SHORTEST_MS / 2;
  return Number((SHORTEST_MS * GROWTH ** (index - 0.5)).toPrecision(3));
}
