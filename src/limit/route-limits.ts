/** The limits of one route, and the keys under which a request is counted. Called by `limit.ts` and `inspect-limits.ts`. */
import type { FailurePolicy, LimitPolicy } from '../model/limit.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { appPart, countPart, ipPart, routePart } from './key.js';
import { ietfHeaders, namesOf, refusalsOf, type IetfHeaders } from './limit-response.js';

/** What is computed once from a route's limits. */
export interface RouteLimits {
  readonly limits: readonly LimitPolicy[];
  /** The last part of each limit's key. */
  readonly countParts: readonly string[];
  /** The 429 of each limit, without header fields. */
  readonly refusals: readonly Refusal[];
  /** How the draft's fields and problem details call each limit. */
  readonly names: readonly string[];
  readonly onFailure: FailurePolicy;
  readonly label: string;
  readonly draft: IetfHeaders | undefined;
  /** Whether the response shows the state of every limit, and not only of the one that decides. */
  readonly withStates: boolean;
  /** The keys of each caller; undefined where an address is counted, which does not follow from the caller. */
  readonly keysByPrincipal: WeakMap<Principal, readonly string[]> | undefined;
}

/** Computes what does not depend on the request. Called once for each route. */
export function prepareLimits(route: Route, draftHeaders: boolean): RouteLimits {
  const limits = tightest(route.limits);
  const names = namesOf(limits);
  return {
    limits,
    countParts: limits.map(countPart),
    refusals: refusalsOf(limits),
    names,
    onFailure: route.onFailure,
    label: route.label,
    draft: draftHeaders ? ietfHeaders(limits, names) : undefined,
    withStates: draftHeaders && limits.length > 1,
    keysByPrincipal: limits.some(({ by }) => by === 'ip') ? undefined : new WeakMap(),
  };
}

/** Returns the key of each limit for a request. */
export function keysOf(prepared: RouteLimits, principal: Principal, clientIp: string): readonly string[] {
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
