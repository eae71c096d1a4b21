/**
 * Measures event loop delay, which holds up everything in the gateway. The delay is logged and reported only. No request
 * is refused because of it: a stall of the whole machine looks the same, and refusals would worsen the outage.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Log } from '../model/log.js';

export interface LoopDelay {
  /** Milliseconds, of the last complete span. */
  readonly current: () => { readonly p99Ms: number; readonly maxMs: number };
  readonly close: () => void;
}

const RESOLUTION_MS = 20;
/** At most one warning in this time. */
const SPAN_MS = 10_000;
const WARN_MAX_MS = 1000;
const WARN_P99_MS = 250;

/**
 * Starts measuring, and logs a warning after each span with a long delay.
 * @param spanMs the length of a span, milliseconds
 */
export function watchLoopDelay(log: Log, spanMs = SPAN_MS): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let last = { p99Ms: 0, maxMs: 0 };
  const timer = setInterval(() => {
    last = { p99Ms: delayOf(histogram.percentile(99)), maxMs: delayOf(histogram.max) };
    histogram.reset();
    if (last.maxMs < WARN_MAX_MS && last.p99Ms < WARN_P99_MS) return;
    log.warn({ p99_ms: last.p99Ms, max_ms: last.maxMs }, 'the event loop was delayed');
  }, spanMs).unref();
  return {
    current: () => last,
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

/** The histogram records the time between two samples, which includes the sampling interval itself. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);
}
