/** The step `limit` of the pipeline: counts a request under all limits of its route, or refuses it. */
import type { Quota } from '../model/limit.js';
import { NO_MEASURES, type Measures } from '../model/measures.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { quotaOf, refusalOf, STORE_UNAVAILABLE } from './limit-response.js';
import { keysOf, prepareLimits, type RouteLimits } from './route-limits.js';
import type { LimitStore, CheckResult } from './store.js';

export interface LimitOptions {
  /** Where requests are counted. */
  readonly store: Pick<LimitStore, 'consume'>;
  /** Where this replica counts while the store is unavailable. Required with a store that can be unavailable. */
  readonly local: Pick<LimitStore, 'consume'> | undefined;
  /** Whether responses also have the IETF draft's `RateLimit` and `RateLimit-Policy`. */
  readonly draftHeaders: boolean;
  /** Checks the revocation again after waiting for Redis, whose reply may report new revocations. */
  readonly checkRevocation?: (principal: Principal) => Refusal | undefined;
  /** Counts the checks; by default nothing does. */
  readonly measures?: Pick<Measures, 'limitCheck' | 'redisFallback'>;
}

/** The remaining quota, a 429 or 503, or undefined for a request that was not counted. */
type Finding = Quota | Refusal | undefined;

export { exceeded, namesOf } from './limit-response.js';
export { networkOf, subnetOf } from '../model/network.js';
export { createInspectLimits, type InspectLimits, type LimitInspection } from './inspect-limits.js';

export type Limit = (principal: Principal, route: Route, clientIp: string) => Finding | Promise<Finding>;

/**
 * Creates the step `limit`. It returns the quota or a refusal, as a promise where the store is asynchronous. It does not
 * reject.
 */
export function createLimit({
  store,
  local,
  draftHeaders,
  checkRevocation,
  measures = NO_MEASURES,
}: LimitOptions): Limit {
  const routes = new WeakMap<Route, RouteLimits>();

  function findingOf(
    result: CheckResult,
    { limits, refusals, names, draft, onFailure }: RouteLimits,
  ): Finding {
    if (result === 'unavailable' || result === 'full') {
      const isOpen = onFailure === 'open';
      measures.limitCheck(isOpen ? 'uncounted' : 'unavailable');
      return isOpen ? undefined : STORE_UNAVAILABLE;
    }
    measures.limitCheck(result.admitted ? 'admitted' : 'refused');
    return result.admitted
      ? quotaOf(result, limits, draft)
      : refusalOf(result, limits, refusals, names, draft);
  }

  async function awaitFinding(
    pending: Promise<CheckResult>,
    keys: readonly string[],
    prepared: RouteLimits,
    principal: Principal,
    isUnauthenticated: boolean,
  ): Promise<Finding> {
    const result = await pending;
    const revoked = checkRevocation?.(principal);
    // The request stays counted: a revoked caller needs no quota.
    if (revoked) return revoked;
    return result === 'unavailable'
      ? countLocally(keys, prepared, isUnauthenticated)
      : findingOf(result, prepared);
  }

  function countLocally(
    keys: readonly string[],
    prepared: RouteLimits,
    isUnauthenticated: boolean,
  ): Finding | Promise<Finding> {
    measures.redisFallback();
    if (prepared.onFailure !== 'local' || !local) return findingOf('unavailable', prepared);
    const result = local.consume(keys, prepared.limits, prepared.withStates, isUnauthenticated);
    return result instanceof Promise
      ? result.then((later) => findingOf(later, prepared))
      : findingOf(result, prepared);
  }

  return function limit(principal, route, clientIp) {
    if (route.limits.length === 0) return undefined;
    let prepared = routes.get(route);
    if (!prepared) routes.set(route, (prepared = prepareLimits(route, draftHeaders)));
    const keys = keysOf(prepared, principal, clientIp);
    const isUnauthenticated = prepared.keysByPrincipal === undefined && principal.issuer === '';
    const result = store.consume(keys, prepared.limits, prepared.withStates, isUnauthenticated);
    if (result instanceof Promise) return awaitFinding(result, keys, prepared, principal, isUnauthenticated);
    return result === 'unavailable'
      ? countLocally(keys, prepared, isUnauthenticated)
      : findingOf(result, prepared);
  };
}
