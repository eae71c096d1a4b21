/**
 * Measures event loop delay, which holds up everything in the gateway. The delay is logged and reported only. No request
 * is refused because of it: a stall of the whole machine looks the same, and refusals would worsen the outage.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Log } from '../model/log.js';

/** Milliseconds. */
export interface DelayFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoopDelay {
  /** The figures of the last complete span. */
  readonly current: () => Pick<DelayFigures, 'p99Ms' | 'maxMs'>;
  /** The highest figures of the last minute: of the last complete spans and the one that has begun. */
  readonly lastMinute: () => DelayFigures;
  readonly close: () => void;
}

const RESOLUTION_MS = 20;
/** At most one warning in this time. */
const SPAN_MS = 10_000;
/** With the span that has begun they are a minute. */
const KEPT_SPANS = 5;
const WARN_MAX_MS = 1000;
const WARN_P99_MS = 250;
const NO_DELAY: DelayFigures = { p50Ms: 0, p99Ms: 0, maxMs: 0 };

/**
 * Starts measuring, and logs a warning after each span with a long delay.
 * @param spanMs the length of a span, milliseconds
 */
export function watchLoopDelay(log: Log, spanMs = SPAN_MS): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let spans: readonly DelayFigures[] = [NO_DELAY];
  const last = (): DelayFigures => spans.at(-1) ?? NO_DELAY;
  const figures = (): DelayFigures => ({
    p50Ms: delayOf(histogram.percentile(50)),
    p99Ms: delayOf(histogram.percentile(99)),
    maxMs: delayOf(histogram.max),
  });
  const timer = setInterval(() => {
    spans = [...spans, figures()].slice(-KEPT_SPANS);
    histogram.reset();
    const { p99Ms, maxMs } = last();
    if (maxMs < WARN_MAX_MS && p99Ms < WARN_P99_MS) return;
    log.warn({ p99_ms: p99Ms, max_ms: maxMs }, 'the event loop was delayed');
  }, spanMs).unref();
  return {
    current() {
      const { p99Ms, maxMs } = last();
      return { p99Ms, maxMs };
    },
    lastMinute: () => [...spans, figures()].reduce(highest),
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

function highest(one: DelayFigures, other: DelayFigures): DelayFigures {
  return {
    p50Ms: Math.max(one.p50Ms, other.p50Ms),
    p99Ms: Math.max(one.p99Ms, other.p99Ms),
    maxMs: Math.max(one.maxMs, other.maxMs),
  };
}

/** The histogram records the time between two samples, which includes the sampling interval itself. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);
}
