/** The metrics that show a state. They are read when they are scraped, so that they cost requests nothing. */
import type { Registry } from 'prom-client';
import type { DelayFigures } from './loop-delay.js';
import { registerGauge, registerSummary, type Sample } from './read-metric.js';

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
  readonly version: string;
}

/** Registers all of them. */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const { targets, keyAges, revocations } = sources;

  function gauge(
    name: string,
    help: string,
    aggregator: 'sum' | 'max' | 'min',
    read: () => readonly Sample[],
  ): void {
    registerGauge(registry, { name: `tollgate_${name}`, help, aggregator }, read);
  }

  gauge('ready', 'Whether the gateway can get traffic (1) or not (0).', 'min', () => one(sources.isReady()));
  gauge('redis_up', 'Whether Redis is available (1) or known to be unavailable (0).', 'min', () =>
    one(sources.isRedisUp()),
  );
  gauge('upstream_target_up', 'Whether a target gets requests (1) or not (0).', 'min', () =>
    targets().map(({ upstream, target, isUp }) => [{ upstream, target }, Number(isUp)]),
  );
  gauge('requests_in_flight', 'Requests in flight, limited by max_in_flight.', 'sum', () =>
    one(sources.inFlight()),
  );
  gauge('requests_in_flight_max', 'max_in_flight, of all workers together.', 'sum', () =>
    one(sources.maxInFlight()),
  );
  gauge('jwks_age_seconds', 'Time since the keys of an issuer were last read successfully.', 'max', () =>
    keyAges().map(({ issuer, ageS }) => [{ issuer }, ageS]),
  );
  gauge('revocations', 'Revocations in memory; absent while none are known.', 'max', () =>
    one(revocations()?.size),
  );
  gauge(
    'revocations_known',
    'Whether the revocations are known (1); without them every caller is refused (0).',
    'min',
    () => one(isKnown(revocations())),
  );
  gauge(
    'revocation_source_up',
    'Whether the revocations can be read from the registry or from Redis (1) or not (0).',
    'min',
    () => one(revocations()?.isUp),
  );
  registerSummary(
    registry,
    {
      name: 'tollgate_event_loop_delay_seconds',
      help: 'The highest delay of the event loop in the last minute, by quantile.',
      aggregator: 'max',
    },
    () => quantilesOf(sources.loopDelay()),
  );
  gauge('build_info', 'Always 1; the labels have the versions of Tollgate and Node.', 'max', () => [
    [{ version: sources.version, node: process.version }, 1],
  ]);
}

function quantilesOf({ p50Ms, p99Ms, maxMs }: DelayFigures): readonly Sample[] {
  return [
    [{ quantile: '0.5' }, p50Ms / 1000],
    [{ quantile: '0.99' }, p99Ms / 1000],
    [{ quantile: '1' }, maxMs / 1000],
  ];
}

function isKnown(revocations: ReturnType<GaugeSources['revocations']>): boolean | undefined {
  return revocations ? revocations.size !== undefined : undefined;
}

function one(value: number | boolean | undefined): readonly Sample[] {
  return value === undefined ? [] : [[{}, Number(value)]];
}
