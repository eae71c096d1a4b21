/** Suggests the name that a misspelt one may stand for. */
import leven from 'leven';

/** Finds the candidate with the smallest edit distance to the input, if it is small enough for a typing error. */
export function closest(input: string, candidates: Iterable<string>): string | undefined {
  const text = input.toLowerCase();
  let best: string | undefined;
  let leastDistance = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = leven(text, candidate.toLowerCase());
    if (distance < leastDistance) [best, leastDistance] = [candidate, distance];
  }
  return best;
}

/** Finds the longest candidate that the input begins or ends with, such as `scope` in `scope_key`. */
export function contained(input: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  for (const candidate of candidates) {
    const isContained = candidate.length >= 3 && (input.startsWith(candidate) || input.endsWith(candidate));
    if (isContained && candidate.length > (best?.length ?? 0)) best = candidate;
  }
  return best;
}
