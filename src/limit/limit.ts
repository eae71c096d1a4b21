/** The step `limit` of the pipeline: counts a request under all limits of its route, or refuses it. */
import type { FailurePolicy, LimitPolicy, Quota } from '../model/limit.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { ietfHeaders, quotaOf, refusalOf, STORE_UNAVAILABLE, type IetfHeaders } from './limit-response.js';
import { appPart, countPart, ipPart, routePart } from './key.js';
import type { LimitStore, CheckResult } from './store.js';

export interface LimitOptions {
  /** Where requests are counted. */
  readonly store: LimitStore;
  /** Where this replica counts while the store is unavailable. Required with a store that can be unavailable. */
  readonly local: LimitStore | undefined;
  /** Whether responses also have the IETF draft's `RateLimit` and `RateLimit-Policy`. */
  readonly draftHeaders: boolean;
  /** Checks the revocation again after waiting for Redis, whose reply may report new revocations. */
  readonly checkRevocation?: (principal: Principal) => Refusal | undefined;
}

/** The remaining quota, a 429 or 503, or undefined for a request that was not counted. */
type Finding = Quota | Refusal | undefined;

export { networkOf, subnetOf } from '../model/network.js';

export type Limit = (principal: Principal, route: Route, clientIp: string) => Finding | Promise<Finding>;

/** What is computed once from a route's limits. */
interface RouteLimits {
  readonly limits: readonly LimitPolicy[];
  /** The last part of each limit's key. */
  readonly countParts: readonly string[];
  readonly onFailure: FailurePolicy;
  readonly label: string;
  readonly draft: IetfHeaders | undefined;
  /** The keys of each caller; undefined where an address is counted, which does not follow from the caller. */
  readonly keysByPrincipal: WeakMap<Principal, readonly string[]> | undefined;
}

/**
 * Creates the step `limit`. It returns the quota or a refusal, as a promise where the store is asynchronous. It does not
 * reject.
 */
export function createLimit({ store, local, draftHeaders, checkRevocation }: LimitOptions): Limit {
  const routes = new WeakMap<Route, RouteLimits>();

  function prepare(route: Route): RouteLimits {
    const limits = tightest(route.limits);
    return {
      limits,
      countParts: limits.map(countPart),
      onFailure: route.onFailure,
      label: route.label,
      draft: draftHeaders ? ietfHeaders(limits) : undefined,
      keysByPrincipal: limits.some(({ by }) => by === 'ip') ? undefined : new WeakMap(),
    };
  }

  function findingOf(result: CheckResult, { limits, draft, onFailure }: RouteLimits): Finding {
    if (result === 'unavailable' || result === 'full')
      return onFailure === 'open' ? undefined : STORE_UNAVAILABLE;
    return result.admitted ? quotaOf(result, limits, draft) : refusalOf(result, limits, draft);
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
    if (prepared.onFailure !== 'local' || !local) return findingOf('unavailable', prepared);
    const result = local.consume(keys, prepared.limits, isUnauthenticated);
    return result instanceof Promise
      ? result.then((later) => findingOf(later, prepared))
      : findingOf(result, prepared);
  }

  return function limit(principal, route, clientIp) {
    if (route.limits.length === 0) return undefined;
    let prepared = routes.get(route);
    if (!prepared) routes.set(route, (prepared = prepare(route)));
    const keys = keysOf(prepared, principal, clientIp);
    const isUnauthenticated = prepared.keysByPrincipal === undefined && principal.issuer === '';
    const result = store.consume(keys, prepared.limits, isUnauthenticated);
    if (result instanceof Promise) return awaitFinding(result, keys, prepared, principal, isUnauthenticated);
    return result === 'unavailable'
      ? countLocally(keys, prepared, isUnauthenticated)
      : findingOf(result, prepared);
  };
}

function keysOf(prepared: RouteLimits, principal: Principal, clientIp: string): readonly string[] {
  let keys = prepared.keysByPrincipal?.get(principal);
  if (keys === undefined) {
    keys = makeKeys(prepared, principal, clientIp);
    prepared.keysByPrincipal?.set(principal, keys);
  }
  return keys;
}

function makeKeys(prepared: RouteLimits, principal: Principal, clientIp: string): string[] {
  const keys: string[] = [];
  for (let i = 0; i < prepared.limits.length; i++) {
    keys.push(
      subjectPart(prepared.limits[i]!, prepared.label, principal, clientIp) + prepared.countParts[i]!,
    );
  }
  return keys;
}

function subjectPart(limit: LimitPolicy, label: string, principal: Principal, clientIp: string): string {
  switch (limit.by) {
    case 'app':
      return appPart(principal);
    case 'ip':
      return ipPart(clientIp);
    case 'route':
      return routePart(limit, label);
  }
}

/** Of limits that share one count (`[10 per 2m, 20 per 2m]`), keeps only the lowest. */
function tightest(limits: readonly LimitPolicy[]): LimitPolicy[] {
  const byId = new Map<string, LimitPolicy>();
  for (const limit of limits) {
    const other = byId.get(limit.id);
    if (!other || limit.requests < other.requests) byId.set(limit.id, limit);
  }
  return [...byId.values()];
}
