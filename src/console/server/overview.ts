/** The overview of the console: four figures, what needs attention, and the first requests to try. */
import { percentileOf } from '../../telemetry/latency-scale.js';
import { BUCKET_MS } from '../../telemetry/traffic-bucket.js';
import type { AppSum } from '../../telemetry/traffic-sum.js';
import { policyOf, type Actor } from '../../tokens/administration/policy.js';
import type { Attention, Figure, Overview } from '../api/session.js';
import { registryKeyOf } from './app-directory.js';
import type { FindSample } from './sample-api.js';
import { nameOf, seenTraffic, type SeenTraffic, type TrafficSources } from './traffic-view.js';

/** A fault that holds now. */
export interface HeldFault {
  readonly kind: 'redis' | 'registry' | 'revocations' | 'issuer' | 'target' | 'reload';
  readonly text: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

export interface OverviewSources extends TrafficSources {
  /** The faults that an actor may see. */
  readonly faults: (actor: Actor) => Promise<readonly HeldFault[]>;
  /** Lines for a shell that make the first requests. */
  readonly firstRequests: () => Overview['first_requests'];
  /** The sample application of the demo. */
  readonly sample?: FindSample | undefined;
}

/** Minutes, which end now. The last one is not full: its last ten seconds are not over. */
const STEPS = 60;
const STEP_BUCKETS = 6;
const STEP_S = (STEP_BUCKETS * BUCKET_MS) / 1000;
/** An app needs attention when it was refused by a limit in each of so many minutes. */
const AT_LIMIT_MINUTES = 10;
/** The most apps that are named. */
const MAX_APPS = 20;

/** Returns the overview that an actor may see. Rejects where a developer's apps cannot be looked up. */
export async function overviewOf(actor: Actor, sources: OverviewSources): Promise<Overview> {
  const nowMs = sources.now();
  const current = Math.floor(nowMs / BUCKET_MS);
  const range = { from: current + 1 - STEPS * STEP_BUCKETS, steps: STEPS, stepBuckets: STEP_BUCKETS };
  const seen = await seenTraffic(actor, range, sources);
  const lastStepS = STEP_S - ((current + 1) * BUCKET_MS - nowMs) / 1000;
  const faults = (await sources.faults(actor)).map(({ kind, text, sinceMs }): Attention => {
    const isRevocations = kind === 'revocations';
    return {
      kind: isRevocations ? 'registry' : kind,
      text,
      since: Math.floor(sinceMs / 1000),
      link: LINKS[kind],
    };
  });
  const sample = sources.sample?.();
  return {
    figures: figuresOf(seen, lastStepS),
    attention: [...faults, ...appsAtLimit(seen, range.from)],
    empty: seen.requests.every((count) => count === 0),
    first_requests: sources.firstRequests(),
    has_sample: sample !== undefined && policyOf(actor).mayHaveTokensOf(sample),
  };
}

const LINKS: Readonly<Record<HeldFault['kind'], string | null>> = {
  redis: null,
  registry: null,
  revocations: null,
  issuer: '/routes',
  target: '/routes',
  reload: '/routes',
};

function figuresOf(
  { requests, refused, durations, apps }: SeenTraffic,
  lastStepS: number,
): Overview['figures'] {
  const refusals = [...requests].map((_, step) =>
    [...refused.values()].reduce((sum, counts) => sum + counts[step]!, 0),
  );
  const perSecond = [...requests].map((count, step) =>
    rounded(count / (step === STEPS - 1 ? lastStepS : STEP_S), 2),
  );
  return {
    requests_per_s: figureOf(perSecond),
    refused_percent: figureOf(
      [...requests].map((count, step) => (count === 0 ? null : rounded((100 * refusals[step]!) / count, 1))),
    ),
    p99_ms: figureOf(durations.map((counts) => percentileOf(counts, 0.99))),
    apps_active: figureOf(
      [...requests].map((_, step) => apps.filter(({ requestsByStep }) => requestsByStep[step]! > 0).length),
    ),
  };
}

/** The value is that of the last minute. */
function figureOf(series: readonly (number | null)[]): Figure {
  return { value: series.at(-1) ?? null, series };
}

function appsAtLimit({ apps, known }: SeenTraffic, from: number): readonly Attention[] {
  return apps
    .map((sum) => ({ sum, minutes: minutesAtLimit(sum) }))
    .filter(({ minutes }) => minutes >= AT_LIMIT_MINUTES)
    .sort((one, other) => other.minutes - one.minutes)
    .slice(0, MAX_APPS)
    .map(({ sum, minutes }) => {
      const name = nameOf(sum, known);
      const key = registryKeyOf(sum);
      return {
        kind: 'limit',
        text: `${name ?? sum.app} has been at its limit for ${minutes} minutes`,
        since: (from * BUCKET_MS) / 1000 + (STEPS - minutes) * STEP_S,
        link: name === null || key === undefined ? null : `/apps/${encodeURIComponent(key)}`,
      };
    });
}

/** In how many of the last minutes, without a gap, the app was refused by a limit. */
function minutesAtLimit({ rateLimitedByStep }: AppSum): number {
  let minutes = 0;
  while (minutes < STEPS && rateLimitedByStep[STEPS - 1 - minutes]! > 0) minutes++;
  return minutes;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
