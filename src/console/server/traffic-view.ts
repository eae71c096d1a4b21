/** Traffic as an actor may see it. An administrator sees all; a developer the traffic of the own organization's apps alone. */
import { percentileOf } from '../../telemetry/latency-scale.js';
import { BUCKET_MS, type CollectedTraffic, type TrafficApp } from '../../telemetry/traffic-bucket.js';
import { sumTraffic, type AppSum, type TrafficRange, type TrafficSum } from '../../telemetry/traffic-sum.js';
import { policyOf, type Actor } from '../../tokens/administration/policy.js';
import type { AppTraffic, EndpointTraffic, Traffic } from '../api/traffic.js';
import { registryKeyOf, registryKeysIn, type AppDirectory, type KnownApp } from './app-directory.js';

export interface TrafficSources {
  /** Returns the traffic of all workers and gateways, from a bucket on. */
  readonly collect: (from: number) => Promise<CollectedTraffic>;
  /** Undefined without a token service: then there are no developers, and no names. */
  readonly apps: AppDirectory | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The sums that an actor may see. */
export interface SeenTraffic extends TrafficSum {
  readonly gateways: number;
  /** The registry's apps among them, by key. */
  readonly known: ReadonlyMap<string, KnownApp>;
}

/** The busiest apps are listed. */
const MAX_LISTED = 1000;
const NO_APPS: ReadonlyMap<string, KnownApp> = new Map();

/** Quarter of an hour in steps of ten seconds, an hour in steps of a minute. */
const RANGES = { '15m': { steps: 90, stepBuckets: 1 }, '1h': { steps: 60, stepBuckets: 6 } } as const;
export type RangeName = keyof typeof RANGES;

/** Returns whether a text names a range. */
export function isRangeName(text: string): text is RangeName {
  return Object.hasOwn(RANGES, text);
}

/** The traffic of which an actor may see a part. */
export interface SeenBuckets extends CollectedTraffic {
  readonly known: SeenTraffic['known'];
  readonly isSeen: (app: TrafficApp) => boolean;
}

/** Reads the buckets, and finds which apps an actor sees. Rejects where a developer's apps cannot be looked up. */
export async function seenBuckets(
  actor: Actor,
  from: number,
  { collect, apps }: TrafficSources,
): Promise<SeenBuckets> {
  const { buckets, gateways } = await collect(from);
  const looking = apps?.find(registryKeysIn(buckets)) ?? Promise.resolve(NO_APPS);
  if (actor.kind === 'administrator') {
    // Without the registry an administrator sees keys without names. A developer sees an error.
    return { buckets, gateways, known: await looking.catch(() => NO_APPS), isSeen: () => true };
  }
  const known = await looking;
  const policy = policyOf(actor);
  const isSeen = (app: TrafficApp): boolean => {
    const key = registryKeyOf(app);
    const found = key === undefined ? undefined : known.get(key);
    return found !== undefined && policy.seesApp(found.organization);
  };
  return { buckets, gateways, known, isSeen };
}

/**
 * Adds up what an actor may see. Rejects where a developer's apps cannot be looked up.
 *
 * @param includes which of the apps that the actor sees are added; undefined: all, and what has no app
 */
export async function seenTraffic(
  actor: Actor,
  range: Omit<TrafficRange, 'includes'>,
  sources: TrafficSources,
  includes?: (app: TrafficApp) => boolean,
): Promise<SeenTraffic> {
  const { buckets, gateways, known, isSeen } = await seenBuckets(actor, range.from, sources);
  const isAll = actor.kind === 'administrator' && !includes;
  const isIncluded = (app: TrafficApp): boolean => (includes?.(app) ?? true) && isSeen(app);
  const sum = await sumTraffic(buckets, { ...range, includes: isAll ? undefined : isIncluded });
  return Object.assign(sum, { gateways, known });
}

/** Returns the first bucket of a range. Steps begin with full minutes, so that a later view has the same ones. */
export function rangeFrom(name: RangeName, current: number): number {
  const { steps, stepBuckets } = RANGES[name];
  return (Math.floor(current / stepBuckets) + 1 - steps) * stepBuckets;
}

/** Returns the traffic of a range as an actor may see it. The last step is not over yet. */
export async function trafficView(
  actor: Actor,
  name: RangeName,
  sources: TrafficSources,
  includes?: (app: TrafficApp) => boolean,
): Promise<Traffic> {
  const { steps, stepBuckets } = RANGES[name];
  const current = Math.floor(sources.now() / BUCKET_MS);
  const from = rangeFrom(name, current);
  const seen = await seenTraffic(actor, { from, steps, stepBuckets }, sources, includes);
  const stepS = (stepBuckets * BUCKET_MS) / 1000;
  return {
    step_s: stepS,
    times: Array.from({ length: steps }, (_, step) => (from * BUCKET_MS) / 1000 + step * stepS),
    admitted: [...seen.admitted],
    refused: seriesOf(seen.refused),
    failed: [...seen.failed],
    shadow: seriesOf(seen.shadow),
    p50_ms: seen.durations.map((counts) => percentileOf(counts, 0.5)),
    p99_ms: seen.durations.map((counts) => percentileOf(counts, 0.99)),
    endpoints: endpointsOf(seen),
    apps: appsOf(seen),
    gateways: seen.gateways,
  };
}

/** Returns an app's name in the registry; null for an app that is not there. */
export function nameOf(app: TrafficApp, known: SeenTraffic['known']): string | null {
  const key = registryKeyOf(app);
  return (key === undefined ? undefined : known.get(key)?.name) ?? null;
}

function seriesOf(reasons: ReadonlyMap<string, Float64Array>): Record<string, number[]> {
  return Object.fromEntries([...reasons].map(([reason, counts]) => [reason, [...counts]]));
}

function endpointsOf({ endpoints }: TrafficSum): readonly EndpointTraffic[] {
  return [...endpoints]
    .map(([route, { requests, refused, shadow, durations }]) => ({
      route,
      requests,
      refused,
      shadow,
      p50_ms: percentileOf(durations, 0.5),
      p99_ms: percentileOf(durations, 0.99),
    }))
    .sort((one, other) => busiestFirst(one, other) || (one.route < other.route ? -1 : 1));
}

function appsOf({ apps, known }: SeenTraffic): readonly AppTraffic[] {
  return [...apps]
    .sort(busiestFirst)
    .slice(0, MAX_LISTED)
    .map((sum: AppSum) => {
      const { issuer, app, requests, refused } = sum;
      return { issuer, app, name: nameOf(sum, known), requests, refused };
    });
}

function busiestFirst(one: { requests: number }, other: { requests: number }): number {
  return other.requests - one.requests;
}
