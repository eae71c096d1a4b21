/**
 * Outlier detection by callers' requests, for `availability.ts`: ejects a target after failures in a row, with a slow
 * start.
 */
import type { Ejection } from '../../model/upstream.js';

/** The longest ejection, in cooldowns (like Envoy's max_ejection_time). */
const MAX_COOLDOWNS = 30;
/** The part of a full share that a returning target gets at first. */
const MIN_WEIGHT = 0.1;

/** The ejection state of one target. All times are monotonic milliseconds. */
export class OutlierDetector {
  #failures = 0;
  /** How often it was ejected since its last success. */
  #ejections = 0;
  #ejectedMs = -Infinity;
  /** When the last ejection ends or ended. */
  #returnMs = -Infinity;

  constructor(readonly settings: Ejection) {}

  /** Whether it was ejected and has had no success since. */
  get isFailing(): boolean {
    return this.#ejections > 0;
  }

  isEjected(nowMs: number): boolean {
    return nowMs < this.#returnMs;
  }

  /** Its part of a full share: from 0.1 to 1, growing during the slow start. */
  weight(nowMs: number): number {
    const sinceMs = nowMs - this.#returnMs;
    if (sinceMs >= this.settings.slowStartMs) return 1;
    return Math.max(MIN_WEIGHT, sinceMs / this.settings.slowStartMs);
  }

  /**
   * Records a failure. The count continues after an ejection: the first failure then ejects again, for longer. Requests
   * from before the ejection do not count.
   *
   * @returns whether this failure ejected the target
   */
  fail(startedMs: number, nowMs: number): boolean {
    if (startedMs < this.#ejectedMs) return false;
    this.#failures += 1;
    if (this.#failures < this.settings.failures || this.isEjected(nowMs)) return false;
    this.#ejections = Math.min(this.#ejections + 1, MAX_COOLDOWNS);
    this.#ejectedMs = nowMs;
    this.#returnMs = nowMs + this.settings.cooldownMs * this.#ejections;
    return true;
  }

  /** Records a success. Returns whether it ended the failing state. */
  succeed(startedMs: number, nowMs: number): boolean {
    if (startedMs < this.#ejectedMs) return false;
    this.#failures = 0;
    if (!this.isFailing) return false;
    this.#ejections = 0;
    this.#returnMs = Math.min(this.#returnMs, nowMs);
    return true;
  }

  /** Resets the target after it was unavailable for another reason. Its slow start begins now. */
  restart(nowMs: number): void {
    this.#failures = 0;
    this.#ejections = 0;
    this.#returnMs = nowMs;
  }
}
