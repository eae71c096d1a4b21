/** The metrics that show a state. They are read when they are scraped, so that they cost requests nothing. */
import type { DelayFigures } from './loop-delay.js';
import { labelText, type Aggregator } from './metric-family.js';
import type { MetricSet, Write } from './metric-set.js';

const LOOP_DELAY = {
  name: 'tollgate_event_loop_delay_seconds',
  help: 'The highest delay of the event loop in the last minute, by quantile.',
  aggregator: 'max',
} as const;
const DROPPED_LINES = {
  name: 'tollgate_log_dropped_lines_total',
  help: 'Lines of the log that were dropped, since they could not be written.',
};

/** Where the gauges get their values. `undefined`: the metric has no value now, and is absent. */
export interface GaugeSources {
  /** Undefined where the file has no Redis. */
  readonly isRedisUp: () => boolean | undefined;
  readonly targets: () => readonly { upstream: string; target: string; isUp: boolean }[];
  /** Exchanges in flight: each from its head until its response is complete, or until it is a tunnel. */
  readonly inFlight: () => number;
  readonly maxInFlight: () => number;
  readonly isReady: () => boolean;
  /** The age of the keys of each issuer that are read again, in seconds. */
  readonly keyAges: () => readonly { issuer: string; ageS: number }[];
  /** Undefined where there is no store for revocations. */
  readonly revocations: () => { isUp: boolean; size: number | undefined } | undefined;
  readonly loopDelay: () => DelayFigures;
  /** Lines of the log that were dropped since the start. */
  readonly droppedLines: () => number;
  readonly version: string;
}

/** Adds all of them. */
export function addGauges(metrics: MetricSet, sources: GaugeSources): void {
  const { targets, keyAges, revocations } = sources;

  function gauge(name: string, help: string, aggregator: Aggregator, read: (write: Write) => void): void {
    metrics.add('gauge', { name: `tollgate_${name}`, help, aggregator }, read);
  }
  /** A gauge without labels; absent without a value. */
  function single(
    name: string,
    help: string,
    aggregator: Aggregator,
    read: () => number | boolean | undefined,
  ): void {
    gauge(name, help, aggregator, (write) => {
      const value = read();
      if (value !== undefined) write('', Number(value));
    });
  }

  single('ready', 'Whether the gateway can get traffic (1) or not (0).', 'min', sources.isReady);
  single(
    'redis_up',
    'Whether Redis is available (1) or known to be unavailable (0).',
    'min',
    sources.isRedisUp,
  );
  gauge('upstream_target_up', 'Whether a target gets requests (1) or not (0).', 'min', (write) => {
    for (const { upstream, target, isUp } of targets())
      write(`${labelText('upstream', upstream)},${labelText('target', target)}`, Number(isUp));
  });
  single('requests_in_flight', 'Requests in flight, limited by max_in_flight.', 'sum', sources.inFlight);
  single('requests_in_flight_max', 'max_in_flight, of all workers together.', 'sum', sources.maxInFlight);
  gauge(
    'jwks_age_seconds',
    'Time since the keys of an issuer were last read successfully.',
    'max',
    (write) => {
      for (const { issuer, ageS } of keyAges()) write(labelText('issuer', issuer), ageS);
    },
  );
  single(
    'revocations',
    'Revocations in memory; absent while none are known.',
    'max',
    () => revocations()?.size,
  );
  single(
    'revocations_known',
    'Whether the revocations are known (1); without them every caller is refused (0).',
    'min',
    () => isKnown(revocations()),
  );
  single(
    'revocation_source_up',
    'Whether the revocations can be read from the registry or from Redis (1) or not (0).',
    'min',
    () => revocations()?.isUp,
  );
  metrics.add('summary', LOOP_DELAY, (write) => {
    const { p50Ms, p99Ms, maxMs } = sources.loopDelay();
    write('quantile="0.5"', p50Ms / 1000);
    write('quantile="0.99"', p99Ms / 1000);
    write('quantile="1"', maxMs / 1000);
  });
  metrics.add('counter', DROPPED_LINES, (write) => write('', sources.droppedLines()));
  gauge('build_info', 'Always 1; the labels have the versions of Tollgate and Node.', 'max', (write) =>
    write(`${labelText('version', sources.version)},${labelText('node', process.version)}`, 1),
  );
}

function isKnown(revocations: ReturnType<GaugeSources['revocations']>): boolean | undefined {
  return revocations ? revocations.size !== undefined : undefined;
}
