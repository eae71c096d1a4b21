/** The counts of a histogram: durations by bucket, and their sum. A plain array, since a request must not wait for more. */

/** The upper bounds of the buckets of requests, in seconds. */
export const REQUEST_BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The upper bounds of the buckets of calls to Redis, in seconds. */
export const REDIS_BOUNDS = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
] as const;

/** A histogram of durations. */
export class BucketCounts {
  /** How many durations were in each bucket alone; the last one has no upper bound. */
  readonly counts: Float64Array;
  /** Milliseconds. */
  sumMs = 0;
  readonly #boundsMs: Float64Array;

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
    this.#boundsMs = Float64Array.from(bounds, (seconds) => seconds * 1000);
  }

  /** Counts a duration. A bucket includes its upper bound. */
  add(durationMs: number): void {
    const bounds = this.#boundsMs;
    let at = 0;
    while (at < bounds.length && durationMs > bounds[at]!) at++;
    this.counts[at]! += 1;
    this.sumMs += durationMs;
  }
}
