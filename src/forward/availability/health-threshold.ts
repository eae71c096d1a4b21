/**
 * The health of a target by the gateway's checks, for `availability.ts`: changed by a number of equal results in a row.
 */
import type { HealthCheck } from '../../model/upstream.js';

/**
 * Down after `unhealthyAfter` failed checks in a row, up after `healthyAfter` good ones. The first check decides alone.
 */
export class HealthThreshold {
  /** Up before the first check: a gateway that has just started must not refuse requests without a reason. */
  isUp = true;
  #isFirst = true;
  /** Checks in a row that contradict `isUp`. */
  #contradictions = 0;

  constructor(readonly settings: HealthCheck) {}

  /** Records a check. Returns whether it changed `isUp`. */
  add(isGood: boolean): boolean {
    const { healthyAfter, unhealthyAfter } = this.settings;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isGood === this.isUp) {
      this.#contradictions = 0;
      return false;
    }
    this.#contradictions += 1;
    if (!isFirst && this.#contradictions < (isGood ? healthyAfter : unhealthyAfter)) return false;
    this.isUp = isGood;
    this.#contradictions = 0;
    return true;
  }
}
