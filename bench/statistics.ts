/** Statistics over rounds: medians, and the spread of the rounds. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

export function rounded({ median: middle, least, most }: Spread, digits: number): Spread {
  return { median: round(middle, digits), least: round(least, digits), most: round(most, digits) };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
