/**
 * Logs that spans are lost: one line when the collector becomes unavailable and one when it is available again. While it is
 * unavailable, or too slow for the spans of this gateway, a line at most once a minute says how many were lost.
 */
import type { Log } from '../../model/log.js';

const MINUTE_MS = 60_000;

/** The log of one collector. */
export class CollectorLog {
  readonly #log: Log;
  /** Monotonic milliseconds. */
  readonly #now: () => number;
  #failedSince: number | undefined;
  /** When the latest warning was logged. */
  #warnedAt = -Infinity;
  /** Whether the outage has a line, so that its end gets one too. */
  #isOutageLogged = false;
  /** Spans since the last line that counted them. */
  #lost = 0;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** A batch was not accepted. */
  failed(reason: string, spans: number): void {
    this.#lost += spans;
    this.#failedSince ??= this.#now();
    if (!this.#mayWarn()) return;
    const counted = { reason, ...this.#countLost() };
    if (this.#isOutageLogged) this.#log.warn(counted, 'the collector of traces is still unavailable');
    else this.#log.warn(counted, 'the collector of traces is unavailable');
    this.#isOutageLogged = true;
  }

  /** A batch was accepted. */
  succeeded(): void {
    if (this.#failedSince === undefined) return;
    const unavailable_ms = Math.round(this.#now() - this.#failedSince);
    this.#failedSince = undefined;
    if (!this.#isOutageLogged) return;
    this.#isOutageLogged = false;
    const lost_spans = this.#lost;
    this.#lost = 0;
    this.#log.info({ unavailable_ms, lost_spans }, 'the collector of traces is available again');
  }

  /** A span was dropped, since as many wait for the collector as may. */
  dropped(): void {
    this.#lost += 1;
    // Within an outage its own lines count them.
    if (this.#failedSince === undefined && this.#mayWarn())
      this.#log.warn(this.#countLost(), 'the collector of traces is too slow: spans are dropped');
  }

  /**
   * The gateway stops, or has other settings.
   *
   * @param spans that were not sent
   */
  close(spans: number): void {
    this.#lost += spans;
    if (this.#lost === 0) return;
    this.#log.warn(this.#countLost(), 'spans were not sent at the end');
  }

  #mayWarn(): boolean {
    return this.#now() - this.#warnedAt >= MINUTE_MS;
  }

  /** Counts for a warning, which is logged now. */
  #countLost(): { lost_spans: number } {
    const lost_spans = this.#lost;
    this.#lost = 0;
    this.#warnedAt = this.#now();
    return { lost_spans };
  }
}
