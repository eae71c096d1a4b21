/** Reads the counts that the step `limit` would use for a request, without counting it. Called by `limit.ts`'s callers. */
import type { LimitPolicy } from '../model/limit.js';
import type { Principal } from '../model/principal.js';
import type { Route } from '../model/route.js';
import { keysOf, prepareLimits, type RouteLimits } from './route-limits.js';
import type { LimitState, LimitStore } from './store.js';

/** One limit of a route, as the next request of a caller would find it. */
export interface InspectedLimit {
  readonly limit: LimitPolicy;
  /** The key of the count, without the prefix of the store. */
  readonly key: string;
  /** Undefined where the count cannot be read. */
  readonly state: LimitState | undefined;
}

export interface LimitInspection {
  /**
   * Where the counts were read: in the store, in this replica alone (the store is unavailable and the route counts locally
   * then), or nowhere (`unavailable`: the next request is handled by the route's `onFailure`).
   */
  readonly source: 'store' | 'local' | 'unavailable';
  /** In the order of the file. Of limits that share one count, only the lowest. Empty: the route is not limited. */
  readonly limits: readonly InspectedLimit[];
}

export interface InspectLimitsOptions {
  /** Where requests are counted. */
  readonly store: Pick<LimitStore, 'inspect'>;
  /** Where this replica counts while the store is unavailable. */
  readonly local: Pick<LimitStore, 'inspect'> | undefined;
}

export type InspectLimits = (
  principal: Principal,
  route: Route,
  clientIp: string,
) => Promise<LimitInspection>;

/**
 * Creates the function that reads the counts of a caller on a route. It counts nothing and does not reject; it takes as long
 * as a check may take. Inspections that begin in the same tick share a call to Redis.
 */
export function createInspectLimits({ store, local }: InspectLimitsOptions): InspectLimits {
  const routes = new WeakMap<Route, RouteLimits>();

  return async function inspectLimits(principal, route, clientIp) {
    let prepared = routes.get(route);
    if (!prepared) routes.set(route, (prepared = prepareLimits(route, false)));
    const { limits, onFailure } = prepared;
    if (limits.length === 0) return { source: 'store', limits: [] };
    const keys = keysOf(prepared, principal, clientIp);
    let source: LimitInspection['source'] = 'store';
    let states = await store.inspect(keys, limits);
    if (states === 'unavailable' && onFailure === 'local' && local) {
      source = 'local';
      states = await local.inspect(keys, limits);
    }
    if (states === 'unavailable') source = 'unavailable';
    return {
      source,
      limits: limits.map((limit, i) => ({
        limit,
        key: keys[i]!,
        state: states === 'unavailable' ? undefined : states[i],
      })),
    };
  };
}
