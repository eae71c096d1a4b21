/**
 * The cost goals of the gateway against other stacks, and the results: each ratio is computed within a round.
 */
import type { Session } from '../session.js';
import { rounded, spread, type Spread } from '../statistics.js';
import type { Sample } from '../sample.js';

interface Goal {
  readonly scenario: string;
  readonly what: string;
  /** The names of two stacks. */
  readonly of: string;
  readonly to: string;
  readonly figure: keyof Sample;
  /** Undefined: only reported. */
  readonly most: number | undefined;
}

const GOALS: readonly Goal[] = [
  goal('exact', 'the gate with Redis limits / bare http-proxy, CPU', 'gate-redis', 'http-proxy', 1.1),
  goal('exact', 'the gate with memory limits / bare http-proxy, CPU', 'gate-memory', 'http-proxy', 0.9),
  goal('exact', 'the gate with Redis limits / the naive composition, CPU', 'gate-redis', 'naive', 0.2),
  goal('exact', 'the gate with Redis limits / the Fastify stack, CPU', 'gate-redis', 'fastify', 0.7),
  goal('exact', 'the gate with Redis limits / HAProxy, CPU', 'gate-redis', 'haproxy', 1.2),
  goal('routes', '5,000 routes / 5, CPU', 'gate-routes', 'gate-redis', 1.1),
  goal(
    'refused',
    'a refusal by an exhausted limit / a forwarded request, CPU',
    'gate-exhausted',
    'gate-redis',
    0.4,
  ),
  goal('half-load', 'p99 at half load / bare http-proxy', 'gate-redis', 'http-proxy', 1.3, 'p99Ms'),
  goal(
    'workers',
    'two workers / one, requests a second',
    'gate-workers',
    'gate-redis',
    undefined,
    'requestsPerSecond',
  ),
];

function goal(
  scenario: string,
  what: string,
  of: string,
  to: string,
  most: number | undefined,
  figure: keyof Sample = 'stackUs',
): Goal {
  return { scenario, what, of, to, figure, most };
}

export interface GoalFigures {
  readonly what: string;
  /** Null: only reported. */
  readonly most: number | null;
  readonly ratio: Spread;
}

/** One for each ratio whose two stacks took part. */
export function goalsOf(sessions: readonly Session[]): readonly GoalFigures[] {
  return GOALS.flatMap((one) => {
    const ratio = ratioOf(one, sessions);
    return ratio === undefined ? [] : [{ what: one.what, most: one.most ?? null, ratio }];
  });
}

function ratioOf({ scenario, of, to, figure }: Goal, sessions: readonly Session[]): Spread | undefined {
  const session = sessions.find((one) => one.scenario.name === scenario);
  const samplesOf = (name: string) => session?.stacks.find(({ stack }) => stack.name === name)?.samples;
  const [ours, theirs] = [samplesOf(of), samplesOf(to)];
  if (!ours || !theirs) return undefined;
  return rounded(spread(ours.map((sample, i) => sample[figure] / (theirs[i]?.[figure] ?? NaN))), 2);
}
