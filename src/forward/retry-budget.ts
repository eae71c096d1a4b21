/**
 * Limits the retries to an upstream, for `upstream-pools.ts`: one for each five first requests, and a few at the start.
 * So a failing upstream gets at most 20 % more requests than without retries.
 *
 * It is a token bucket like Finagle's RetryBudget (com.twitter.finagle.service.RetryBudget: percentCanRetry 0.2). Each
 * request deposits a fifth, each retry takes one. The balance is bounded by the requests that one target can have in
 * flight, since that many are lost together when it dies.
 */
const DEPOSIT = 0.2;
const INITIAL = 10;
/** A little less than one, since five deposits of 0.2 can add up to 0.9999999999999999. */
const ONE = 1 - 1e-6;

/** The retry budget of one upstream. */
export class RetryBudget {
  #balance = INITIAL;
  readonly #maxBalance: number;

  /** @param maxConnections to one target */
  constructor(maxConnections: number) {
    this.#maxBalance = Math.max(INITIAL, maxConnections);
  }

  /** Counts a request that is sent for the first time. */
  deposit(): void {
    if (this.#balance < this.#maxBalance) this.#balance = Math.min(this.#maxBalance, this.#balance + DEPOSIT);
  }

  /** Takes one retry. False where none is left. */
  withdraw(): boolean {
    if (this.#balance < ONE) return false;
    this.#balance = Math.max(0, this.#balance - 1);
    return true;
  }
}
