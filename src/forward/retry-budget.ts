/**
 * How many requests to an upstream may be sent again: one for each five that were sent first, so that an upstream in
 * trouble gets at most 20 % more than without retries, and a few at the start.
 *
 * A token bucket after Finagle's RetryBudget (com.twitter.finagle.service.RetryBudget: percentCanRetry 0.2): each
 * request deposits a fifth, each retry takes one. What is saved up is bounded by what one target may have under way: so
 * many are lost together when it dies.
 */
const DEPOSIT = 0.2;
const INITIAL = 10;
/** Fifths add up to a little less than one: 0.2 × 5 in steps is 0.9999999999999999 or so. */
const ONE = 1 - 1e-6;

export class RetryBudget {
  #balance = INITIAL;
  readonly #most: number;

  /** @param maxConnections to one target */
  constructor(maxConnections: number) {
    this.#most = Math.max(INITIAL, maxConnections);
  }

  /** A request is sent for the first time. */
  deposit(): void {
    if (this.#balance < this.#most) this.#balance = Math.min(this.#most, this.#balance + DEPOSIT);
  }

  /** True where one may be sent again. */
  withdraw(): boolean {
    if (this.#balance < ONE) return false;
    this.#balance = Math.max(0, this.#balance - 1);
    return true;
  }
}
