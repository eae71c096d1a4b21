/** What somebody may have meant who wrote something else. */
import leven from 'leven';

/** The candidate nearest to what was written, if it is near enough to be meant. */
export function closest(written: string, candidates: Iterable<string>): string | undefined {
  const text = written.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = leven(text, candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** The longest candidate that what was written begins or ends with, as `scope_key` does with `scope`. */
export function contained(written: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  for (const candidate of candidates) {
    const whole = candidate.length >= 3 && (written.startsWith(candidate) || written.endsWith(candidate));
    if (whole && candidate.length > (best?.length ?? 0)) best = candidate;
  }
  return best;
}
