/** Decides whether a client sends its body too slowly: `client.body_timeout` and `client.min_body_rate`. */

export interface BodyLimits {
  /** The longest silence while the gateway waits for more. */
  readonly bodyTimeoutMs: number;
  /** Bytes per second on average; 0 means no minimum. */
  readonly minBodyRate: number;
}

/** How far a client may fall behind the rate (as in Kestrel's MinRequestBodyDataRate). */
const GRACE_MS = 5000;
const MAX_TICK_MS = 1000;

/**
 * Measures the pace of one body, in ticks. Time in which the gateway paused the client is not charged. A client that is
 * ahead of the rate has credit, up to `bodyTimeoutMs` of silence.
 */
export class BodyPace {
  /** How often to call `isTooSlow`. */
  readonly tickMs: number;
  /** Bytes since the last tick, counted by the reader of the body. */
  bytes = 0;
  #silentMs = 0;
  /** Milliseconds that the client is behind the rate; negative where it is ahead. */
  #behindMs = 0;

  constructor(readonly limits: BodyLimits) {
    this.tickMs = Math.min(MAX_TICK_MS, Math.ceil(limits.bodyTimeoutMs / 4));
  }

  /** Whether the client has sent less than the rate requires, within the grace or beyond it. */
  get isBehind(): boolean {
    return this.#behindMs > 0;
  }

  /** Ends a tick. @param chargedMs how long the gateway waited for the client: the whole tick or 0 */
  isTooSlow(chargedMs: number): boolean {
    const { bytes } = this;
    const { bodyTimeoutMs, minBodyRate } = this.limits;
    this.bytes = 0;
    this.#silentMs = bytes === 0 ? this.#silentMs + chargedMs : 0;
    if (this.#silentMs >= bodyTimeoutMs) return true;
    if (minBodyRate === 0) return false;
    const maxCreditMs = Math.max(0, bodyTimeoutMs - GRACE_MS);
    this.#behindMs = Math.max(-maxCreditMs, this.#behindMs + chargedMs - (bytes * 1000) / minBodyRate);
    return this.#behindMs >= GRACE_MS;
  }
}
