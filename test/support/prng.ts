/** Reproducible random numbers: the same seed gives the same numbers. */

/** A whole number from 0 up to, but not including, the bound. */
export type Prng = (below: number) => number;

/** mulberry32, a small generator, sufficient for choices. */
export function createPrng(seed: number): Prng {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function pick<T>(prng: Prng, all: readonly T[]): T {
  return all[prng(all.length)]!;
}
