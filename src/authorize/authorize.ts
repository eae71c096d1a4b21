/** The step `authorize` of the pipeline: checks the caller's scopes against the route. Called by `src/gateway.ts`. */
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route, ScopeRequirement } from '../model/route.js';
import { covers, isScopeToken } from '../model/scope.js';

export type Authorize = (principal: Principal, route: Route) => Refusal | undefined;

/** Creates the step `authorize`. It returns the refusal (403), or undefined where the caller may use the route. */
export function createAuthorize(): Authorize {
  const refusals = new WeakMap<Route, Refusal>();

  return function authorize(principal, route) {
    if (route.access.kind === 'public') return undefined;
    const { requirement } = route.access;
    if (satisfies(principal.scopes, requirement)) return undefined;
    let refusal = refusals.get(route);
    if (refusal === undefined) refusals.set(route, (refusal = insufficientScope(requirement)));
    return refusal;
  };
}

function satisfies(granted: readonly string[], { mode, scopes }: ScopeRequirement): boolean {
  for (const required of scopes) {
    const covered = isCovered(granted, required);
    if (mode === 'any' && covered) return true;
    if (mode === 'all' && !covered) return false;
  }
  return mode === 'all';
}

function isCovered(granted: readonly string[], required: string): boolean {
  for (const scope of granted) if (covers(scope, required)) return true;
  return false;
}

/** RFC 6750 3.1. A scope that is not a scope-token is omitted: it could end the quoted string, and no token has it. */
function insufficientScope({ scopes }: ScopeRequirement): Refusal {
  const named = scopes.filter(isScopeToken).join(' ');
  const challenge = `Bearer realm="tollgate", error="insufficient_scope", scope="${named}"`;
  return new Refusal('insufficient_scope', ['WWW-Authenticate', challenge]);
}
