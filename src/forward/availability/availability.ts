/** Whether a target should get requests now, by three witnesses: the gate's checks, callers' requests, the breaker. */
import type { Log } from '../../model/log.js';
import type { Target, Upstream } from '../../model/upstream.js';
import { CircuitBreaker, type AttemptResult } from './breaker.js';
import { OutlierDetector } from './outlier-detector.js';
import { HealthThreshold } from './health-threshold.js';

const FAILS_AMONG_OTHERS = 'a target fails: others are asked in its place';
const FAILS_ALONE = 'a target fails: it is asked all the same, since the upstream has no other';

export class Availability {
  readonly #health: HealthThreshold | undefined;
  readonly #failures: OutlierDetector | undefined;
  readonly #breaker: CircuitBreaker | undefined;
  /** What the log says where it is passed over, if there is another target. */
  readonly #failing: string;
  /** What every line of the log about this target says. */
  readonly #who: { readonly upstream: string; readonly target: string };

  /** @param now monotonic milliseconds */
  constructor(
    upstream: Upstream,
    target: Target,
    readonly now: () => number,
    readonly log: Log,
  ) {
    this.#health = upstream.health && new HealthThreshold(upstream.health);
    this.#failures = upstream.ejection && new OutlierDetector(upstream.ejection);
    this.#breaker = upstream.breaker && new CircuitBreaker(upstream.breaker);
    this.#who = { upstream: upstream.name, target: target.origin };
    this.#failing = upstream.targets.length > 1 ? FAILS_AMONG_OTHERS : FAILS_ALONE;
  }

  /** As the metrics say it: nothing that is known speaks against the target. */
  get up(): boolean {
    return this.#isHealthy && this.#breaker?.closed !== false && this.#failures?.failing !== true;
  }

  /** Whether a request may go to the target. */
  get admits(): boolean {
    return this.#isHealthy && (this.#breaker === undefined || this.#breaker.admits(this.now()));
  }

  /** Whether others should have a request rather than this one. */
  get isEjected(): boolean {
    return this.#failures?.failing === true && this.#failures.isEjected(this.now());
  }

  get #isHealthy(): boolean {
    return this.#health?.up !== false;
  }

  share(): number {
    return this.#failures === undefined ? 1 : this.#failures.share(this.now());
  }

  /** How long until it might admit a request: no promise, but what a caller may be told. */
  waitMs(): number {
    if (!this.#isHealthy) return this.#health?.settings.intervalMs ?? 0;
    return this.#breaker?.waitMs(this.now()) ?? 0;
  }

  /** A request is about to be sent: its ticket, or undefined where the breaker has opened since it was asked. */
  begin(): number | undefined {
    return this.#breaker === undefined ? 0 : this.#breaker.begin(this.now());
  }

  /** What was begun has ended. */
  end(ticket: number, verdict: AttemptResult, startedMs: number): void {
    if (this.#breaker) this.#tellBreaker(this.#breaker.end(ticket, verdict, this.now()));
    if (this.#failures === undefined || verdict === 'none') return;
    if (verdict === 'bad') {
      if (this.#failures.fail(startedMs, this.now())) {
        this.log.warn({ ...this.#who, reason: 'failures' }, this.#failing);
      }
    } else if (this.#failures.succeed(startedMs, this.now())) {
      this.log.info({ ...this.#who, reason: 'answered' }, 'a target answers again');
    }
  }

  /** @param problem what was wrong with the answer to the gate's own check, or undefined where it was good */
  check(problem: string | undefined): void {
    if (this.#health?.add(problem === undefined) !== true) return;
    if (problem !== undefined) {
      this.log.warn({ ...this.#who, reason: 'health', problem }, 'a target is down');
      return;
    }
    this.#failures?.restart(this.now());
    this.log.info({ ...this.#who, reason: 'health' }, 'a target is up');
  }

  #tellBreaker(change: 'opened' | 'closed' | undefined): void {
    if (change === 'opened') {
      this.log.warn({ ...this.#who, reason: 'breaker' }, "a target's circuit breaker has opened");
    } else if (change === 'closed') {
      this.#failures?.restart(this.now());
      this.log.info({ ...this.#who, reason: 'breaker' }, "a target's circuit breaker has closed");
    }
  }
}
