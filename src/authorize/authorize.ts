/** The step `authorize` of the pipeline: checks the caller's scopes and claims against the route. Called by `src/gateway.ts`. */
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route, ScopeRequirement } from '../model/route.js';
import { covers, isScopeToken } from '../model/scope.js';
import { createConditionsCheck, type CheckConditions } from './conditions.js';

/** @param path the matched path, in its normal form */
export type Authorize = (principal: Principal, route: Route, path: string) => Refusal | undefined;

/** Creates the step `authorize`. It returns the refusal (403), or undefined where the caller may use the route. */
export function createAuthorize(): Authorize {
  const refusals = new WeakMap<Route, Refusal>();
  const checks = new WeakMap<Route, CheckConditions>();

  function checkConditions(
    { claims }: Principal,
    route: Route,
    require: NonNullable<Route['require']>,
    path: string,
  ): Refusal | undefined {
    let check = checks.get(route);
    if (check === undefined) checks.set(route, (check = createConditionsCheck(require, route)));
    return check(claims, path);
  }

  return function authorize(principal, route, path) {
    if (route.access.kind === 'public') return undefined;
    const { requirement } = route.access;
    if (satisfies(principal.scopes, requirement)) {
      return route.require && checkConditions(principal, route, route.require, path);
    }
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
function insufficientScope({ mode, scopes }: ScopeRequirement): Refusal {
  const named = scopes.filter(isScopeToken).join(' ');
  const challenge = `Bearer realm="tollgate", error="insufficient_scope", scope="${named}"`;
  const list = scopes.join(', ');
  const detail = scopes.length === 1 ? list : `${mode === 'all' ? 'all' : 'one'} of ${list}`;
  return new Refusal('insufficient_scope', ['WWW-Authenticate', challenge], detail);
}
