/** The figures of a scenario, computed from its rounds: printed, saved and drawn. */
import type { Session } from '../session.js';
import { median, round, rounded, spread, type Spread } from '../statistics.js';
import type { GoalFigures } from './goals.js';
import { NAIVE, BASELINE } from '../stacks/stacks.js';
import type { Sample } from '../sample.js';

export interface StackFigures {
  readonly name: string;
  readonly title: string;
  /** CPU microseconds a request. */
  readonly stackUs: Spread;
  readonly redisUs: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakMemoryMb: number;
  /** Its CPU per request divided by that of bare http-proxy in the same round. */
  readonly ratio: Spread;
  /** The same divided by that of the naive composition; null if that takes no part. */
  readonly toNaive: Spread | null;
}

export interface ScenarioFigures {
  readonly name: string;
  readonly summary: string;
  readonly connections: number;
  readonly apps: number;
  readonly stacks: readonly StackFigures[];
}

export interface Figures {
  readonly date: string;
  readonly node: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly load: string;
  readonly upstream: string;
  readonly scenarios: readonly ScenarioFigures[];
  readonly goals: readonly GoalFigures[];
}

export function figuresOf({ scenario, stacks }: Session): ScenarioFigures {
  const { name, summary, connections, apps } = scenario;
  const samplesOf = (wanted: string) => stacks.find(({ stack }) => stack.name === wanted)?.samples;
  const baseline = samplesOf(BASELINE) ?? [];
  const naive = samplesOf(NAIVE);
  return {
    name,
    summary,
    connections,
    apps,
    stacks: stacks.map(({ stack, samples, peakMemoryBytes }) => ({
      name: stack.name,
      title: stack.title,
      stackUs: rounded(spread(samples.map((sample) => sample.stackUs)), 1),
      redisUs: round(stack.redis ? median(samples.map((sample) => sample.redisUs)) : 0, 1),
      requestsPerSecond: round(median(samples.map((sample) => sample.requestsPerSecond)), 0),
      p50Ms: round(median(samples.map((sample) => sample.p50Ms)), 2),
      p99Ms: round(median(samples.map((sample) => sample.p99Ms)), 2),
      peakMemoryMb: round(peakMemoryBytes / 2 ** 20, 0),
      ratio: rounded(spread(ratios(samples, baseline)), 2),
      toNaive: naive ? rounded(spread(ratios(samples, naive)), 2) : null,
    })),
  };
}

/** Round by round: other load on the machine affects both sides of a round. */
function ratios(samples: readonly Sample[], others: readonly Sample[]): readonly number[] {
  return samples.map(({ stackUs }, i) => stackUs / (others[i]?.stackUs ?? NaN));
}
