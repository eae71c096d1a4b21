/** Finds the busiest pairs of a route and an app in buckets of traffic. */
import { FIRST_APP, forEachCell, type TrafficApp, type TrafficBucket } from './traffic-bucket.js';

/** Requests of an app at a route. */
export interface PairSum {
  readonly app: TrafficApp;
  /** The label of the route. */
  readonly route: string;
  requests: number;
}

export interface PairsRange {
  /** The first bucket. */
  readonly from: number;
  readonly includesApp: (app: TrafficApp) => boolean;
  readonly includesRoute: (label: string) => boolean;
  /** The most pairs that are returned. */
  readonly most: number;
}

/** The busiest pairs, the busiest first, and how many pairs there are. */
export interface BusiestPairs {
  readonly pairs: readonly PairSum[];
  /** At most MAX_PAIRS. */
  readonly total: number;
}

/** So many pairs are told apart, the newest first: about 10 MB while they are counted. */
const MAX_PAIRS = 50_000;
/** About a millisecond of work. */
const YIELD_AFTER_BYTES = 64 * 1024;

/** Adds up the buckets by route and app. Lets requests through in between. */
export async function busiestPairs(
  buckets: readonly TrafficBucket[],
  { from, includesApp, includesRoute, most }: PairsRange,
): Promise<BusiestPairs> {
  const sums = new Map<string, PairSum>();
  let bytes = 0;
  for (const bucket of buckets.toSorted((one, other) => other.at - one.at)) {
    if (bucket.at < from) break;
    addPairs(sums, bucket, includesApp, includesRoute);
    bytes += bucket.cells.length;
    if (bytes < YIELD_AFTER_BYTES) continue;
    bytes = 0;
    await new Promise(setImmediate);
  }
  const pairs = [...sums.values()].sort((one, other) => other.requests - one.requests).slice(0, most);
  return { pairs, total: sums.size };
}

function addPairs(
  sums: Map<string, PairSum>,
  { apps, routes, cells }: TrafficBucket,
  includesApp: PairsRange['includesApp'],
  includesRoute: PairsRange['includesRoute'],
): void {
  const seenApps = apps.map((app) => (includesApp(app) ? app : undefined));
  const seenRoutes = routes.map((route) => (includesRoute(route) ? route : undefined));
  forEachCell(cells, (cell) => {
    const app = seenApps[cell.app - FIRST_APP];
    const route = seenRoutes[cell.route];
    if (app === undefined || route === undefined) return;
    // Each part ends where its length says, so no two pairs have one key.
    const key = `${app.issuer.length} ${app.app.length} ${app.issuer}${app.app}${route}`;
    const sum = sums.get(key);
    if (sum) sum.requests += cell.requests;
    else if (sums.size < MAX_PAIRS) sums.set(key, { app, route, requests: cell.requests });
  });
}
