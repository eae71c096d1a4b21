/** No limit is exceeded: by Redis's own times, by arrivals, and in an outage by what `on_failure` permits. */
import type { Counted } from '../counts.js';
import { groupBy } from '../group.js';
import { LIMIT, WINDOW_MS } from '../environment.js';
import type { ReceivedRequest } from '../target.js';
import { at, type Fault, type Timeline } from '../timeline.js';
import type { Finding } from './verdict.js';

type Policy = 'local' | 'open' | 'closed';

/**
 * Longest time from a count to the request's arrival, and how long a gateway may count locally after an
 * outage.
 */
const SLACK_MS = 2000;

export function checkCounts(counted: readonly Counted[]): Finding {
  const byKey = groupBy(counted, ({ key, life }) => `${key} in life ${life} of Redis`);
  const against: string[] = [];
  let narrowest = Infinity;
  for (const [key, counts] of byKey) {
    const times = counts.map(({ atMs }) => atMs);
    for (let i = LIMIT; i < times.length; i++) {
      const tookMs = times[i]! - times[i - LIMIT]!;
      narrowest = Math.min(narrowest, tookMs);
      if (tookMs < WINDOW_MS) against.push(`${key}: ${LIMIT + 1} in ${tookMs} ms`);
    }
  }
  return {
    claim: `Redis never counts more than ${LIMIT} requests of an app in any ${WINDOW_MS} ms`,
    figure: `${counted.length} counted; the narrowest ${LIMIT + 1} took ${narrowest} ms`,
    against,
  };
}

export interface Processes {
  /** The number of local counters in an outage: those of all gateways. */
  readonly now: number;
  /** How many of them a restart of this gateway replaces. */
  readonly of: (subject: string) => number;
}

export function checkArrivals(
  arrivals: readonly ReceivedRequest[],
  counted: readonly Counted[],
  timeline: Timeline,
  processes: Processes,
): Finding[] {
  const byApp = groupBy(firstOf(arrivals), ({ app }) => app);
  return (['local', 'open', 'closed'] as const).map((policy): Finding => {
    const against: string[] = [];
    let total = 0;
    let most = 0;
    for (const [app, mine] of byApp) {
      if (!app.startsWith(policy)) continue;
      total += mine.length;
      const times = mine.map(({ atMs }) => atMs);
      const countedTimes = counted.filter(({ key }) => key.includes(`:${app}}`)).map(({ atMs }) => atMs);
      for (const [i, fromMs] of times.entries()) {
        const within = times.slice(i, i + 1000).filter((atMs) => atMs < fromMs + WINDOW_MS).length;
        const permitted = permittedFrom(fromMs, policy, countedTimes, timeline, processes);
        most = Math.max(most, within);
        if (within > permitted) {
          against.push(`${app}: ${within} arrived from ${at(fromMs)}, permitted ${permitted}`);
        }
      }
    }
    return {
      claim: `on_failure: ${policy}: each request that arrives within ${WINDOW_MS} ms was counted, or an outage permits it`,
      figure: `${total} arrived, at most ${most} in ${WINDOW_MS} ms`,
      against,
    };
  });
}

/** Each request once, however often it was sent. */
function firstOf(arrivals: readonly ReceivedRequest[]): ReceivedRequest[] {
  const inTime = arrivals.toSorted((a, b) => a.atMs - b.atMs);
  return [...groupBy(inTime, ({ id }) => id).values()].map(([first]) => first!);
}

function permittedFrom(
  fromMs: number,
  policy: Policy,
  countedTimes: readonly number[],
  timeline: Timeline,
  processes: Processes,
): number {
  const toMs = fromMs + WINDOW_MS;
  // A request that arrived in the window was counted in it or a moment before.
  const counted = countedTimes.filter((atMs) => atMs > fromMs - SLACK_MS && atMs < toMs).length;
  const isOutage = ({ subject }: Fault): boolean => subject === 'redis' || subject === 'machine';
  const outages = timeline.touching(fromMs - SLACK_MS, toMs, SLACK_MS, isOutage);
  if (outages.length === 0) return counted;
  if (policy === 'open') return Infinity;
  // Counts made while Redis was not monitored: before a kill, and after a restart.
  const lives = 1 + outages.filter(({ kind }) => kind === 'killed').length;
  if (policy === 'closed') return Math.max(counted, LIMIT * lives);
  const isGates = ({ subject, kind }: Fault): boolean =>
    subject.startsWith('gateway') && !kind.startsWith('reloaded');
  const restarted = timeline.touching(fromMs - WINDOW_MS, toMs, WINDOW_MS, isGates);
  const alone = restarted.reduce((sum, { subject }) => sum + processes.of(subject), processes.now);
  return LIMIT * (lives + alone);
}
