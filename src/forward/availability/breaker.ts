/**
 * The circuit breaker of one target (Nygard, Release It!): closed while most requests succeed; open for a while when
 * too many of a window fail; then half-open, where one request is let through to try.
 */
import type { Breaker } from '../../model/upstream.js';

/** Whose fault it was that an attempt ended as it did: `none` tells nothing of the target. */
export type AttemptResult = 'good' | 'bad' | 'none';

/** The window moves on in so many steps. */
const STEPS = 10;

export class CircuitBreaker {
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  /** Until then nothing is let through: the cooldown, or the time in which the one that tries should tell. */
  #untilMs = -Infinity;
  /** Counts the changes, so that what was let through before one has no say after it. */
  #epoch = 0;
  #counts: RollingCounts;

  constructor(readonly settings: Breaker) {
    this.#counts = new RollingCounts(settings.windowMs);
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  admits(nowMs: number): boolean {
    return this.closed || nowMs >= this.#untilMs;
  }

  /** How long until one may try. */
  waitMs(nowMs: number): number {
    return this.closed ? 0 : Math.max(0, this.#untilMs - nowMs);
  }

  /** Lets one request through: its ticket, or undefined where none may pass. */
  begin(nowMs: number): number | undefined {
    if (this.closed) return this.#epoch;
    if (!this.admits(nowMs)) return undefined;
    // A trial that hangs is given up after a cooldown, and the next request is the trial.
    this.#change('half-open', nowMs + this.settings.cooldownMs);
    return this.#epoch;
  }

  /** @returns what has changed by the end of this request */
  end(ticket: number, verdict: AttemptResult, nowMs: number): 'opened' | 'closed' | undefined {
    if (ticket !== this.#epoch) return undefined;
    if (this.#state === 'half-open') return this.#endTrial(verdict, nowMs);
    if (verdict === 'none') return undefined;
    this.#counts.add(verdict === 'bad', nowMs);
    const { total, failed } = this.#counts;
    if (verdict === 'good' || total < this.settings.requests) return undefined;
    if (failed < this.settings.failureRate * total) return undefined;
    this.#change('open', nowMs + this.settings.cooldownMs);
    return 'opened';
  }

  #endTrial(verdict: AttemptResult, nowMs: number): 'closed' | undefined {
    if (verdict === 'good') {
      this.#counts = new RollingCounts(this.settings.windowMs);
      this.#change('closed', nowMs);
      return 'closed';
    }
    // Where the trial told nothing, the next request is one.
    this.#change('open', verdict === 'bad' ? nowMs + this.settings.cooldownMs : nowMs);
    return undefined;
  }

  #change(state: 'closed' | 'open' | 'half-open', untilMs: number): void {
    this.#state = state;
    this.#untilMs = untilMs;
    this.#epoch += 1;
  }
}

/** How many requests of the last window there were and how many failed, in steps of a tenth of it. */
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
    this.#moveTo(Math.floor(nowMs / this.#stepMs));
    const at = this.#step % STEPS;
    this.#totals[at]! += 1;
    this.total += 1;
    if (!isFailure) return;
    this.#failures[at]! += 1;
    this.failed += 1;
  }

  /** Forgets the steps that the window has left. */
  #moveTo(step: number): void {
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
