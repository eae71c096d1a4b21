/** Metrics without a gateway. */
import type { Issuer } from '../../src/model/issuer.js';
import type { Route } from '../../src/model/route.js';
import {
  createMetrics,
  type Metrics,
  type MetricSettings,
  type MetricSources,
} from '../../src/telemetry/metrics.js';
import { parseExposition, type Family } from '../support/exposition.js';

/** The state of a gateway in which nothing happens. */
export const SOURCES: MetricSources = {
  isRedisUp: () => undefined,
  targets: () => [],
  connections: () => Promise.resolve(0),
  inFlight: () => 0,
  maxInFlight: () => 10_000,
  isReady: () => true,
  keyAges: () => [],
  revocations: () => undefined,
  loopDelay: () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 }),
  droppedLines: () => 0,
  version: '1.2.3',
};

/** The settings of a file with these routes. */
export function settingsOf(routes: readonly Route[], more: Partial<MetricSettings> = {}): MetricSettings {
  return {
    routes,
    upstreams: [...new Set(routes.map(({ upstream }) => upstream))],
    issuers: [{ name: 'main', keys: { kind: 'url', url: 'https://a.example' } } as unknown as Issuer],
    tokens: undefined,
    redis: undefined,
    limitStatus: undefined,
    onFailure: 'closed',
    cors: undefined,
    metrics: { byApp: false },
    ...more,
  };
}

/** Metrics with the labels of these settings. */
export function metricsWith(settings: MetricSettings): Metrics {
  const metrics = createMetrics(SOURCES);
  metrics.applySettings(settings);
  return metrics;
}

/** Reads the text as Prometheus does. */
export async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, Family>> {
  return parseExposition(await metrics.text());
}
