/** Authenticate, issuer keys: when they are read again without a request that needs them. Called by `key-set.ts`. */

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** The fraction of the maximum age after which keys are read again: the rest is for retries. */
const REFRESH_AT = 0.8;
/** The longest delay of a Node timer; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One timer, which does not keep the process alive. A new delay replaces the current one. */
export class RefreshTimer {
  readonly #refresh: () => void;
  readonly #maxAgeMs: number;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param refresh called when the time has come
   * @param maxAgeMs the age at which keys are read again at the latest
   */
  constructor(refresh: () => void, maxAgeMs: number) {
    this.#refresh = refresh;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Whether a refresh is scheduled. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Schedules the refresh of keys that were just read. */
  scheduleRefresh(): void {
    this.#set(this.#maxAgeMs * REFRESH_AT);
  }

  /** Schedules a retry 1 to 30 s from now: twice as long after each consecutive failure. */
  scheduleRetry(failures: number): void {
    this.#set(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #set(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), Math.min(delayMs, MAX_TIMER_MS)).unref();
  }

  #fire(): void {
    this.#timer = undefined;
    this.#refresh();
  }
}
