/**
 * Metrics whose values are kept elsewhere and read when they are scraped. prom-client's own counters hash the labels at each
 * count; with three of them a request would take 2 µs longer (docs/performance.md).
 *
 * prom-client takes any object with `name` and `get`, as its own `AggregatorRegistry` makes them.
 */
import type { Metric, Registry } from 'prom-client';
import type { BucketCounts } from './bucket-counts.js';

export type Labels = Readonly<Record<string, string>>;

export interface ReadMetric {
  readonly name: string;
  readonly help: string;
  /** How the values of several workers become one; by default their sum. */
  readonly aggregator?: 'sum' | 'max' | 'min';
}

/** A value with its labels. The labels may be the same object at each scrape. */
export type Sample = readonly [labels: Labels, value: number];

interface NamedValue {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

/** Registers a counter that is read when it is scraped. */
export function registerCounter(registry: Registry, metric: ReadMetric, read: () => Iterable<Sample>): void {
  register(registry, metric, 'counter', () => Array.from(read(), ([labels, value]) => ({ labels, value })));
}

/** Registers a gauge that is read when it is scraped. */
export function registerGauge(registry: Registry, metric: ReadMetric, read: () => Iterable<Sample>): void {
  register(registry, metric, 'gauge', () => Array.from(read(), ([labels, value]) => ({ labels, value })));
}

/** Registers a summary that has quantiles alone, of a sliding window. */
export function registerSummary(registry: Registry, metric: ReadMetric, read: () => Iterable<Sample>): void {
  register(registry, metric, 'summary', () => Array.from(read(), ([labels, value]) => ({ labels, value })));
}

/** Registers a histogram, in seconds, that is read when it is scraped. */
export function registerHistogram(
  registry: Registry,
  metric: ReadMetric,
  read: () => Iterable<readonly [labels: Labels, counts: BucketCounts]>,
): void {
  register(registry, metric, 'histogram', () => {
    const values: NamedValue[] = [];
    for (const [labels, counts] of read()) addHistogram(values, metric.name, labels, counts);
    return values;
  });
}

function addHistogram(values: NamedValue[], name: string, labels: Labels, histogram: BucketCounts): void {
  const { counts, bounds, sumMs } = histogram;
  const metricName = `${name}_bucket`;
  let total = 0;
  for (let at = 0; at < counts.length; at++) {
    total += counts[at]!;
    const le = at < bounds.length ? String(bounds[at]) : '+Inf';
    values.push({ metricName, labels: { ...labels, le }, value: total });
  }
  values.push(
    { metricName: `${name}_sum`, labels, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels, value: total },
  );
}

function register(
  registry: Registry,
  { name, help, aggregator = 'sum' }: ReadMetric,
  type: 'counter' | 'gauge' | 'summary' | 'histogram',
  values: () => readonly NamedValue[],
): void {
  const get = () => Promise.resolve({ name, help, type, aggregator, values: values() });
  registry.registerMetric({ name, help, type, aggregator, get } as unknown as Metric);
}
