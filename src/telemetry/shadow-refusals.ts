/** The metric of requests that rules in shadow would have refused, for `metrics.ts`. */
import { Counter, type Registry } from 'prom-client';
import type { RefusalReason } from '../model/refusal.js';
import type { Route } from '../model/route.js';

/** Counts by route and reason. The labels are those of the routes in force, so their number is bounded. */
export interface ShadowRefusals {
  /** Counts a request that was let through. */
  readonly count: (route: Route, reason: RefusalReason) => void;
  /** Begins the counts of the routes' rules in shadow at 0, and drops those of rules that are gone. */
  readonly setRoutes: (routes: readonly Route[]) => void;
}

/** Creates the counter, without routes. */
export function createShadowRefusals(registers: Registry[]): ShadowRefusals {
  const counter = new Counter({
    name: 'tollgate_shadow_refusals_total',
    help: 'Requests that were let through and that rules in shadow would have refused, by route and reason.',
    labelNames: ['route', 'reason'],
    registers,
  });
  let current: ReadonlyMap<string, readonly RefusalReason[]> = new Map();
  return {
    count({ label: route }, reason) {
      // A request of an earlier file may end after the reload that dropped its count.
      if (current.get(route)?.includes(reason)) counter.inc({ route, reason });
    },
    setRoutes(routes) {
      const before = current;
      current = reasonsByRoute(routes);
      for (const [route, reasons] of before)
        for (const reason of reasons)
          if (!current.get(route)?.includes(reason)) counter.remove({ route, reason });
      for (const [route, reasons] of current) for (const reason of reasons) counter.inc({ route, reason }, 0);
    },
  };
}

/** The reasons for which the rules in shadow of each route can refuse, by its label. */
function reasonsByRoute(routes: readonly Route[]): ReadonlyMap<string, readonly RefusalReason[]> {
  const found = new Map<string, readonly RefusalReason[]>();
  for (const { label, shadow } of routes) if (shadow) found.set(label, reasonsOf(shadow));
  return found;
}

function reasonsOf({ access, require, limits }: Route): readonly RefusalReason[] {
  const reasons: RefusalReason[] = [];
  if (access.kind === 'scoped' && access.requirement.scopes.length > 0) reasons.push('insufficient_scope');
  if (require) reasons.push('insufficient_claims');
  if (limits.length > 0) reasons.push('rate_limited');
  return reasons;
}
