/** Which alerts fire in a Prometheus of a test's own, as one line each. */
import { expect } from 'vitest';
import type { OwnPrometheus } from './prometheus.js';
import { until } from './until.js';

/** A busy machine delays processes by itself. */
const UNCERTAIN = ['TollgateEventLoopDelayed'];
/** Labels that all have. */
const COMMON = ['alertname', 'severity', 'job'];
const LONG_MS = 60_000;

export interface Firing {
  /** Each as its name and the values of its labels, in order. */
  now(): Promise<string[]>;
  /** Waits until all of these fire, whatever else does. */
  until(expected: readonly string[]): Promise<void>;
  /** Waits until these and no others fire. */
  untilOnly(expected: readonly string[]): Promise<void>;
}

/** @param names what stands for the value of a label */
export function watchFiring(prometheus: OwnPrometheus, names: ReadonlyMap<string, string>): Firing {
  async function now(): Promise<string[]> {
    const active = await prometheus.alerts();
    return active
      .filter(({ state, labels }) => state === 'firing' && !UNCERTAIN.includes(labels['alertname']!))
      .map(({ labels }) => {
        const others = Object.entries(labels).filter(([name]) => !COMMON.includes(name));
        return [labels['alertname'], ...others.map(([, value]) => names.get(value) ?? value)].join(' ');
      })
      .sort();
  }
  return {
    now,
    async until(expected) {
      let found: string[] = [];
      const isSo = async (): Promise<boolean> => {
        found = await now();
        return expected.every((each) => found.includes(each));
      };
      await until(isSo, LONG_MS).catch(() => expect(found).toEqual(expect.arrayContaining([...expected])));
    },
    async untilOnly(expected) {
      let found: string[] = [];
      const wanted = [...expected].sort().join('\n');
      const isSo = async (): Promise<boolean> => (found = await now()).join('\n') === wanted;
      await until(isSo, LONG_MS).catch(() => expect(found).toEqual([...expected].sort()));
    },
  };
}
