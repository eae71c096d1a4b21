/** Whether a client sends its body fast enough: the rules behind `client.body_timeout` and `client.min_body_rate`. */

export interface BodyLimits {
  /** The longest silence while the gate waits for more. */
  readonly bodyTimeoutMs: number;
  /** Bytes per second, on the average; 0: as slowly as it likes. */
  readonly minBodyRate: number;
}

/** How far a client may fall behind the rate, as in Kestrel's MinRequestBodyDataRate. */
const GRACE_MS = 5000;
const LONGEST_TICK_MS = 1000;

/**
 * The account of one body. Time in which the gate itself kept the client from sending is not charged. What a client
 * sends ahead of the rate is to its credit, up to `bodyTimeoutMs` of silence.
 */
export class BodyPace {
  /** How often `isTooSlow` is to be asked. */
  readonly tickMs: number;
  /** Counted by whoever reads the body, since the last tick. */
  bytes = 0;
  #silentMs = 0;
  /** How many milliseconds the client is behind the rate; negative: ahead of it. */
  #behindMs = 0;

  constructor(readonly limits: BodyLimits) {
    this.tickMs = Math.min(LONGEST_TICK_MS, Math.ceil(limits.bodyTimeoutMs / 4));
  }

  /** Whether the client has sent less than the rate asks for, within the grace or beyond it. */
  get isBehind(): boolean {
    return this.#behindMs > 0;
  }

  /** @param chargedMs how much of the tick it was the client's turn: all of it or 0 */
  isTooSlow(chargedMs: number): boolean {
    const { bytes } = this;
    const { bodyTimeoutMs, minBodyRate } = this.limits;
    this.bytes = 0;
    this.#silentMs = bytes === 0 ? this.#silentMs + chargedMs : 0;
    if (this.#silentMs >= bodyTimeoutMs) return true;
    if (minBodyRate === 0) return false;
    const mostAheadMs = Math.max(0, bodyTimeoutMs - GRACE_MS);
    this.#behindMs = Math.max(-mostAheadMs, this.#behindMs + chargedMs - (bytes * 1000) / minBodyRate);
    return this.#behindMs >= GRACE_MS;
  }
}
