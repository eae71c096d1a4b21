/** Metrics whose values are kept elsewhere and read when they are scraped, so that counting costs no more than an addition. */
import type { BucketCounts } from './bucket-counts.js';
import type { Aggregator, MetricFamily } from './metric-family.js';

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  /** By default the sum. */
  readonly aggregator?: Aggregator;
}

/** Writes a value. `labels` is text such as `route="GET /a",method="GET"`; empty: none. */
export type Write = (labels: string, value: number) => void;

/** Writes a histogram. */
export type WriteHistogram = (labels: string, counts: BucketCounts) => void;

/** Metrics in the order in which they were added. */
export class MetricSet {
  readonly #metrics: (() => MetricFamily)[] = [];

  /** Adds a counter, a gauge, or a summary that has quantiles alone. */
  add(type: 'counter' | 'gauge' | 'summary', metric: MetricDescription, read: (write: Write) => void): void {
    this.#metrics.push(() => {
      const family = familyFor(type, metric);
      read((labels, value) => push(family, metric.name, labels, value));
      return family;
    });
  }

  /** Adds a histogram, in seconds. */
  addHistogram(metric: MetricDescription, read: (write: WriteHistogram) => void): void {
    this.#metrics.push(() => {
      const family = familyFor('histogram', metric);
      read((labels, counts) => pushHistogram(family, labels, counts));
      return family;
    });
  }

  /** Reads all of them. */
  collect(): MetricFamily[] {
    return this.#metrics.map((read) => read());
  }
}

function familyFor(type: string, { name, help, aggregator = 'sum' }: MetricDescription): MetricFamily {
  return { name, help, type, aggregator, series: [], values: [] };
}

function push({ series, values }: MetricFamily, name: string, labels: string, value: number): void {
  series.push(labels === '' ? name : `${name}{${labels}}`);
  values.push(value);
}

function pushHistogram(family: MetricFamily, labels: string, { counts, bounds, sumMs }: BucketCounts): void {
  const { name } = family;
  const bucket = `${name}_bucket`;
  const before = labels === '' ? '' : `${labels},`;
  let total = 0;
  for (let at = 0; at < counts.length; at++) {
    total += counts[at]!;
    push(family, bucket, `${before}le="${at < bounds.length ? bounds[at]! : '+Inf'}"`, total);
  }
  push(family, `${name}_sum`, labels, sumMs / 1000);
  push(family, `${name}_count`, labels, total);
}
