/**
 * Decides whether a target gets requests, for `target-pool.ts`: by health checks, outlier detection and circuit
 * breaker.
 */
import type { Log } from '../../model/log.js';
import type { Target, Upstream } from '../../model/upstream.js';
import { CircuitBreaker, type AttemptResult } from './breaker.js';
import { OutlierDetector } from './outlier-detector.js';
import { HealthThreshold } from './health-threshold.js';

/** The availability of one target. It logs each change. */
export class Availability {
  readonly #health: HealthThreshold | undefined;
  readonly #outliers: OutlierDetector | undefined;
  readonly #breaker: CircuitBreaker | undefined;
  /** Whether other targets of the upstream can get the requests of an ejected one. */
  readonly #hasOthers: boolean;
  /** Added to every line of the log. */
  readonly #fields: { readonly upstream: string; readonly target: string };

  /** @param now monotonic milliseconds */
  constructor(
    upstream: Upstream,
    target: Target,
    readonly now: () => number,
    readonly log: Log,
  ) {
    this.#health = upstream.health && new HealthThreshold(upstream.health);
    this.#outliers = upstream.ejection && new OutlierDetector(upstream.ejection);
    this.#breaker = upstream.breaker && new CircuitBreaker(upstream.breaker);
    this.#fields = { upstream: upstream.name, target: target.origin };
    this.#hasOthers = upstream.targets.length > 1;
  }

  /** The state for the metrics: healthy, breaker closed, not failing. */
  get isUp(): boolean {
    return this.#isHealthy && this.#breaker?.isClosed !== false && this.#outliers?.isFailing !== true;
  }

  /** Whether a request may go to the target. */
  get admits(): boolean {
    return this.#isHealthy && (this.#breaker === undefined || this.#breaker.admits(this.now()));
  }

  /** Whether other targets are preferred to this one. */
  get isEjected(): boolean {
    return this.#outliers?.isFailing === true && this.#outliers.isEjected(this.now());
  }

  get #isHealthy(): boolean {
    return this.#health?.isUp !== false;
  }

  weight(): number {
    return this.#outliers === undefined ? 1 : this.#outliers.weight(this.now());
  }

  /** An estimate, for Retry-After, of when it may admit a request again. */
  waitMs(): number {
    if (!this.#isHealthy) return this.#health?.settings.intervalMs ?? 0;
    return this.#breaker?.waitMs(this.now()) ?? 0;
  }

  /** Begins a request. Returns its ticket, or undefined where the breaker has opened since `admits`. */
  begin(): number | undefined {
    return this.#breaker === undefined ? 0 : this.#breaker.begin(this.now());
  }

  /** Records the result of a request that was begun at `startedMs`. */
  end(ticket: number, result: AttemptResult, startedMs: number): void {
    if (this.#breaker) this.#logBreaker(this.#breaker.end(ticket, result, this.now()));
    if (this.#outliers === undefined || result === 'none') return;
    if (result === 'bad') {
      if (this.#outliers.fail(startedMs, this.now())) {
        this.log.warn(
          { ...this.#fields, reason: 'failures' },
          this.#hasOthers
            ? 'a target fails: requests go to the others'
            : 'a target fails: it still gets requests, since the upstream has no other',
        );
      }
    } else if (this.#outliers.succeed(startedMs, this.now())) {
      this.log.info({ ...this.#fields, reason: 'success' }, 'a target responds again');
    }
  }

  /** Records a health check. @param problem what was wrong, or undefined where the check succeeded */
  check(problem: string | undefined): void {
    if (this.#health?.add(problem === undefined) !== true) return;
    if (problem !== undefined) {
      this.log.warn({ ...this.#fields, reason: 'health', problem }, 'a target is down');
      return;
    }
    this.#outliers?.restart(this.now());
    this.log.info({ ...this.#fields, reason: 'health' }, 'a target is up');
  }

  #logBreaker(change: 'opened' | 'closed' | undefined): void {
    if (change === 'opened') {
      this.log.warn({ ...this.#fields, reason: 'breaker' }, "a target's circuit breaker has opened");
    } else if (change === 'closed') {
      this.#outliers?.restart(this.now());
      this.log.info({ ...this.#fields, reason: 'breaker' }, "a target's circuit breaker has closed");
    }
  }
}
