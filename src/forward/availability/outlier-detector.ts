/** What callers' own requests tell of a target: after some failures in a row it is passed over, and comes back slowly. */
import type { Ejection } from '../../model/upstream.js';

/** A target that stays away is tried again at least as often as this many cooldowns (Envoy's max_ejection_time alike). */
const LONGEST_COOLDOWNS = 30;
/** What a target that is just back gets of a full share. */
const LEAST_SHARE = 0.1;

export class OutlierDetector {
  #failures = 0;
  /** How often it was ejected since it last answered. */
  #times = 0;
  #ejectedMs = -Infinity;
  /** When it comes back, or came back the last time. */
  #backMs = -Infinity;

  constructor(readonly settings: Ejection) {}

  /** Whether it failed so often that it was ejected, and has not answered since. */
  get failing(): boolean {
    return this.#times > 0;
  }

  isEjected(nowMs: number): boolean {
    return nowMs < this.#backMs;
  }

  /** From 0.1 to 1, growing in the time after a return. */
  share(nowMs: number): number {
    const sinceMs = nowMs - this.#backMs;
    if (sinceMs >= this.settings.slowStartMs) return 1;
    return Math.max(LEAST_SHARE, sinceMs / this.settings.slowStartMs);
  }

  /**
   * The row goes on through a return: the first failure after it ejects again, for longer. What was asked before the
   * ejection tells nothing new.
   *
   * @returns whether the target is ejected by this
   */
  fail(startedMs: number, nowMs: number): boolean {
    if (startedMs < this.#ejectedMs) return false;
    this.#failures += 1;
    if (this.#failures < this.settings.failures || this.isEjected(nowMs)) return false;
    this.#times = Math.min(this.#times + 1, LONGEST_COOLDOWNS);
    this.#ejectedMs = nowMs;
    this.#backMs = nowMs + this.settings.cooldownMs * this.#times;
    return true;
  }

  /** @returns whether this brings a target back that was ejected */
  succeed(startedMs: number, nowMs: number): boolean {
    if (startedMs < this.#ejectedMs) return false;
    this.#failures = 0;
    if (!this.failing) return false;
    this.#times = 0;
    this.#backMs = Math.min(this.#backMs, nowMs);
    return true;
  }

  /** It was away for another reason and is back: what it failed before is forgotten, and its share grows from here. */
  restart(nowMs: number): void {
    this.#failures = 0;
    this.#times = 0;
    this.#backMs = nowMs;
  }
}
