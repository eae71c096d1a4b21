/** The fourth stage of the way: counts a request under all limits of its route, or refuses it. */
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
  /** Where this replica counts alone while that store is away; needed with a store that can be. */
  readonly local: LimitStore | undefined;
  /** Whether answers also have the IETF draft's `RateLimit` and `RateLimit-Policy`. */
  readonly draftHeaders: boolean;
  /** Asked of a caller whose count was waited for: it may have been revoked meanwhile, and Redis tells that with it. */
  readonly recheck?: (principal: Principal) => Refusal | undefined;
}

/** What a counted request has left, a 429 or 503, or undefined for a request that no limit was counted for. */
type Finding = Quota | Refusal | undefined;

export { networkOf, subnetOf } from '../model/network.js';

export type Limit = (principal: Principal, route: Route, clientIp: string) => Finding | Promise<Finding>;

/** A route's limits, made ready to count. */
interface Bound {
  readonly limits: readonly LimitPolicy[];
  /** The last part of each limit's key. */
  readonly countParts: readonly string[];
  readonly onFailure: FailurePolicy;
  readonly match: string;
  readonly draft: IetfHeaders | undefined;
  /** The keys of each caller, who comes again and again; undefined where an address is counted, which is not theirs. */
  readonly known: WeakMap<Principal, readonly string[]> | undefined;
}

export function createLimit({ store, local, draftHeaders, recheck }: LimitOptions): Limit {
  const routes = new WeakMap<Route, Bound>();

  function bind(route: Route): Bound {
    const limits = tightest(route.limits);
    return {
      limits,
      countParts: limits.map(countPart),
      onFailure: route.onFailure,
      match: route.match,
      draft: draftHeaders ? ietfHeaders(limits) : undefined,
      known: limits.some(({ by }) => by === 'ip') ? undefined : new WeakMap(),
    };
  }

  function find(taken: CheckResult, { limits, draft, onFailure }: Bound): Finding {
    if (taken === 'unavailable' || taken === 'full')
      return onFailure === 'open' ? undefined : STORE_UNAVAILABLE;
    return taken.admitted ? quotaOf(taken, limits, draft) : refusalOf(taken, limits, draft);
  }

  async function findLater(
    asked: Promise<CheckResult>,
    keys: readonly string[],
    bound: Bound,
    principal: Principal,
    isStrangers: boolean,
  ): Promise<Finding> {
    const taken = await asked;
    const revoked = recheck?.(principal);
    // What it was counted stays so: it is the count of one who does not come back.
    if (revoked) return revoked;
    return taken === 'unavailable' ? countAlone(keys, bound, isStrangers) : find(taken, bound);
  }

  function countAlone(
    keys: readonly string[],
    bound: Bound,
    isStrangers: boolean,
  ): Finding | Promise<Finding> {
    if (bound.onFailure !== 'local' || !local) return find('unavailable', bound);
    const taken = local.consume(keys, bound.limits, isStrangers);
    return taken instanceof Promise ? taken.then((later) => find(later, bound)) : find(taken, bound);
  }

  return function limit(principal, route, clientIp) {
    if (route.limits.length === 0) return undefined;
    let bound = routes.get(route);
    if (!bound) routes.set(route, (bound = bind(route)));
    const keys = keysOf(bound, principal, clientIp);
    const isStrangers = bound.known === undefined && principal.issuer === '';
    const taken = store.consume(keys, bound.limits, isStrangers);
    if (taken instanceof Promise) return findLater(taken, keys, bound, principal, isStrangers);
    return taken === 'unavailable' ? countAlone(keys, bound, isStrangers) : find(taken, bound);
  };
}

function keysOf(bound: Bound, principal: Principal, clientIp: string): readonly string[] {
  let keys = bound.known?.get(principal);
  if (keys === undefined) {
    keys = makeKeys(bound, principal, clientIp);
    bound.known?.set(principal, keys);
  }
  return keys;
}

function makeKeys(bound: Bound, principal: Principal, clientIp: string): string[] {
  const keys: string[] = [];
  for (let i = 0; i < bound.limits.length; i++) {
    keys.push(subjectPart(bound.limits[i]!, bound.match, principal, clientIp) + bound.countParts[i]!);
  }
  return keys;
}

function subjectPart(limit: LimitPolicy, match: string, principal: Principal, clientIp: string): string {
  switch (limit.by) {
    case 'app':
      return appPart(principal);
    case 'ip':
      return ipPart(clientIp);
    case 'route':
      return routePart(limit, match);
  }
}

/** Limits that share one count (`[10 per 2m, 20 per 2m]`) admit no more than the lowest of them. */
function tightest(limits: readonly LimitPolicy[]): LimitPolicy[] {
  const byId = new Map<string, LimitPolicy>();
  for (const limit of limits) {
    const other = byId.get(limit.id);
    if (!other || limit.requests < other.requests) byId.set(limit.id, limit);
  }
  return [...byId.values()];
}
