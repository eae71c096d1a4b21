/** What is left of the limits of the apps that have traffic, at each endpoint: read, not counted. */
import { BUCKET_MS } from '../../telemetry/traffic-bucket.js';
import { busiestPairs } from '../../telemetry/traffic-pairs.js';
import type { Actor } from '../../tokens/administration/policy.js';
import type { LimitUse } from '../api/apps.js';
import type { Quotas } from '../api/traffic.js';
import { nameOf, rangeFrom, seenBuckets, type RangeName, type TrafficSources } from './traffic-view.js';

export interface QuotaSources extends TrafficSources {
  /** Whether the route with this label counts requests by app. */
  readonly isLimited: (label: string) => boolean;
  /** Reads the counts of an app at a route with such a limit. Empty where they cannot be read. */
  readonly limitsOf: (issuer: string, app: string, label: string) => Promise<readonly LimitUse[]>;
}

/** So many pairs of an app and an endpoint are read at once: a few calls to Redis. */
const MAX_QUOTAS = 50;

/** Returns the quotas of the busiest pairs that an actor may see. Rejects where a developer's apps cannot be looked up. */
export async function quotasOf(actor: Actor, name: RangeName, sources: QuotaSources): Promise<Quotas> {
  const from = rangeFrom(name, Math.floor(sources.now() / BUCKET_MS));
  const { buckets, known, isSeen } = await seenBuckets(actor, from, sources);
  const { pairs, total } = await busiestPairs(buckets, {
    from,
    includesApp: isSeen,
    includesRoute: sources.isLimited,
    most: MAX_QUOTAS,
  });
  // They begin in one tick, so they share their calls to Redis.
  const quotas = await Promise.all(
    pairs.map(async ({ app, route, requests }) => ({
      issuer: app.issuer,
      app: app.app,
      name: nameOf(app, known),
      endpoint: route,
      requests,
      limits: await sources.limitsOf(app.issuer, app.app, route),
    })),
  );
  return { quotas, total };
}
