/**
 * The circuit breaker of one target (Nygard, Release It!), for `availability.ts`: closed while most requests succeed;
 * open for a cooldown when too many of a window fail; then half-open, where one request is allowed as a trial.
 */
import type { Breaker } from '../../model/upstream.js';

/** The result of an attempt for its target. `none` says nothing about the target. */
export type AttemptResult = 'good' | 'bad' | 'none';

/** The number of steps in the window. */
const STEPS = 10;

/** The breaker's state. All times are monotonic milliseconds. */
export class CircuitBreaker {
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  /** Until then no request is allowed: the end of the cooldown, or of the time for the trial. */
  #untilMs = -Infinity;
  /** Counts the changes, so that requests from before a change do not count after it. */
  #epoch = 0;
  #counts: RollingCounts;

  constructor(readonly settings: Breaker) {
    this.#counts = new RollingCounts(settings.windowMs);
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  admits(nowMs: number): boolean {
    return this.isClosed || nowMs >= this.#untilMs;
  }

  /** Milliseconds until a request is allowed. */
  waitMs(nowMs: number): number {
    return this.isClosed ? 0 : Math.max(0, this.#untilMs - nowMs);
  }

  /** Begins one request. Returns its ticket, or undefined where none is allowed. */
  begin(nowMs: number): number | undefined {
    if (this.isClosed) return this.#epoch;
    if (!this.admits(nowMs)) return undefined;
    // A hanging trial is abandoned after a cooldown. Then the next request is the trial.
    this.#change('half-open', nowMs + this.settings.cooldownMs);
    return this.#epoch;
  }

  /** Records the end of a request. Returns the change that it caused. */
  end(ticket: number, result: AttemptResult, nowMs: number): 'opened' | 'closed' | undefined {
    if (ticket !== this.#epoch) return undefined;
    if (this.#state === 'half-open') return this.#endTrial(result, nowMs);
    if (result === 'none') return undefined;
    this.#counts.add(result === 'bad', nowMs);
    const { total, failed } = this.#counts;
    if (result === 'good' || total < this.settings.requests) return undefined;
    if (failed < this.settings.failureRate * total) return undefined;
    this.#change('open', nowMs + this.settings.cooldownMs);
    return 'opened';
  }

  #endTrial(result: AttemptResult, nowMs: number): 'closed' | undefined {
    if (result === 'good') {
      this.#counts = new RollingCounts(this.settings.windowMs);
      this.#change('closed', nowMs);
      return 'closed';
    }
    // Without a result the next request is a new trial.
    this.#change('open', result === 'bad' ? nowMs + this.settings.cooldownMs : nowMs);
    return undefined;
  }

  #change(state: 'closed' | 'open' | 'half-open', untilMs: number): void {
    this.#state = state;
    this.#untilMs = untilMs;
    this.#epoch += 1;
  }
}

/** Counts the requests and failures of the last window, in steps of a tenth of it. */
class RollingCounts {
  total = 0;
  failed = 0;
  #step = 0;
  readonly #stepMs: number;
  readonly #totals = new Uint32Array(STEPS);
  readonly #failures = new Uint32Array(STEPS);

  constructor(windowMs: number) {
    this.#stepMs = windowMs / STEPS;
  }

  add(isFailure: boolean, nowMs: number): void {
    this.#advanceTo(Math.floor(nowMs / this.#stepMs));
    const at = this.#step % STEPS;
    this.#totals[at]! += 1;
    this.total += 1;
    if (!isFailure) return;
    this.#failures[at]! += 1;
    this.failed += 1;
  }

  /** Drops the steps that are no longer in the window. */
  #advanceTo(step: number): void {
    const first = Math.max(this.#step + 1, step - STEPS + 1);
    for (let each = first; each <= step; each += 1) {
      const at = each % STEPS;
      this.total -= this.#totals[at]!;
      this.failed -= this.#failures[at]!;
      this.#totals[at] = 0;
      this.#failures[at] = 0;
    }
    this.#step = step;
  }
}
