/** The series of the traffic charts: what is stacked, in which order and in which color. */
import { mixed, type Colors } from '../colors';
import type { Traffic } from '../../api/traffic';

/** One series: a value for each of the times. */
export interface TrafficSeries {
  /** `admitted`, `failed`, or the reason of a refusal. */
  readonly key: string;
  readonly name: string;
  readonly values: readonly number[];
  readonly total: number;
  readonly color: string;
}

/** Lighter tints of red for further reasons, the most frequent first. */
const SHARES = [1, 0.72, 0.5, 0.36, 0.26, 0.18];

/** What the gateway responded with, from the bottom of the stack to its top. */
export function trafficSeries({ admitted, refused, failed }: Traffic, colors: Colors): TrafficSeries[] {
  const reasons = byTotal(refused);
  const others = reasons.filter(([reason]) => reason !== 'rate_limited');
  return [
    seriesOf('admitted', 'Admitted', admitted, colors('admitted')),
    ...reasons
      .filter(([reason]) => reason === 'rate_limited')
      .map(([reason, values]) => seriesOf(reason, reason, values, colors('limited'))),
    ...others.map(([reason, values], at) =>
      seriesOf(reason, reason, values, mixed(colors('refused'), colors('surface'), shareOf(at))),
    ),
    seriesOf('failed', 'Failed (5xx)', failed, colors('text-soft')),
  ];
}

/** What rules in shadow would have refused. */
export function shadowSeries({ shadow }: Traffic, colors: Colors): TrafficSeries[] {
  return byTotal(shadow).map(([reason, values], at) =>
    seriesOf(reason, reason, values, mixed(colors('shadow'), colors('surface'), shareOf(at))),
  );
}

/**
 * Adds each series to those below it, per second. The highest comes first, so that the lower ones are painted over it.
 */
export function stacked(
  series: readonly TrafficSeries[],
  times: readonly number[],
  stepS: number,
): number[][] {
  const sums = times.map(() => 0);
  const layers = series.map(({ values }) => {
    times.forEach((_, at) => (sums[at] = (sums[at] ?? 0) + (values[at] ?? 0) / stepS));
    return [...sums];
  });
  return layers.reverse();
}

/** The times of the steps that are over. The last one is not: it would be drawn as a fall. */
export function wholeSteps({ times }: Traffic): number[] {
  return times.slice(0, -1);
}

/** Returns the series that is painted at a height; undefined: above all. */
export function seriesAt(
  series: readonly TrafficSeries[],
  index: number,
  perS: number,
  stepS: number,
): TrafficSeries | undefined {
  let sum = 0;
  return series.find(({ values }) => (sum += (values[index] ?? 0) / stepS) >= perS);
}

function shareOf(at: number): number {
  return SHARES[Math.min(at, SHARES.length - 1)] ?? 1;
}

function byTotal(reasons: Readonly<Record<string, readonly number[]>>): [string, readonly number[]][] {
  return Object.entries(reasons).sort(([, one], [, other]) => sumOf(other) - sumOf(one));
}

function seriesOf(key: string, name: string, values: readonly number[], color: string): TrafficSeries {
  return { key, name, values, total: sumOf(values), color };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
