/**
 * Watches how long the event loop is held up: everything that a gate does waits for that. It is said and shown, and
 * nothing is refused by it: a machine that stalled as a whole looks the same, and refusing would add to the outage.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Log } from '../model/log.js';

export interface LoopDelay {
  /** Milliseconds, of the last span that is over. */
  readonly current: () => { readonly p99Ms: number; readonly maxMs: number };
  readonly close: () => void;
}

const RESOLUTION_MS = 20;
/** Warnings come no closer than this. */
const SPAN_MS = 10_000;
const LONGEST_MS = 1000;
const USUAL_MS = 250;

export function watchLoopDelay(log: Log, spanMs = SPAN_MS): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let last = { p99Ms: 0, maxMs: 0 };
  const timer = setInterval(() => {
    last = { p99Ms: beyond(histogram.percentile(99)), maxMs: beyond(histogram.max) };
    histogram.reset();
    if (last.maxMs < LONGEST_MS && last.p99Ms < USUAL_MS) return;
    log.warn({ p99_ms: last.p99Ms, max_ms: last.maxMs }, 'the event loop was held up');
  }, spanMs).unref();
  return {
    current: () => last,
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

/** The histogram has the whole time from one look to the next. */
function beyond(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);
}
