/** What the gate's own checks tell of a target: it is down after some bad answers in a row, up after some good ones. */
import type { HealthCheck } from '../../model/upstream.js';

export class HealthThreshold {
  /** Before the first check it is taken for up: a gate that just started must not refuse what would be served. */
  up = true;
  #isFirst = true;
  /** Checks in a row that contradict what is held. */
  #against = 0;

  constructor(readonly settings: HealthCheck) {}

  /** @returns whether the target has gone down or come up by this */
  add(isGood: boolean): boolean {
    const { healthyAfter, unhealthyAfter } = this.settings;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isGood === this.up) {
      this.#against = 0;
      return false;
    }
    this.#against += 1;
    if (!isFirst && this.#against < (isGood ? healthyAfter : unhealthyAfter)) return false;
    this.up = isGood;
    this.#against = 0;
    return true;
  }
}
