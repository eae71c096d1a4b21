/** Explains the step `authorize`: each scope and each condition of the route, checked by the step itself. */
import type { Authorize } from '../authorize/authorize.js';
import { readClaim, type ClaimCondition } from '../model/claim.js';
import type { ExplainedAccess, ExplainedCheck } from '../model/explanation.js';
import type { Principal } from '../model/principal.js';
import type { Route } from '../model/route.js';
import { failed, listText, passed, skipped, valueText } from './text.js';

/** Describes scopes and conditions. @param path the matched path */
export function describeAccess(
  principal: Principal,
  route: Route,
  path: string,
  authorize: Authorize,
): ExplainedAccess {
  const { access, require = [] } = route;
  if (access.kind === 'public') {
    const checks = [passed('public', 'the route is public: no token is read')];
    return { public: true, mode: null, required: [], missing: [], checks };
  }
  const { mode, scopes } = access.requirement;
  const has = (scope: string): boolean =>
    !authorize(principal, withRequirement(route, [scope], undefined), path);
  const missing = scopes.filter((scope) => !has(scope));
  const isEnough = mode === 'any' ? missing.length < scopes.length : missing.length === 0;
  const scopeChecks = scopes.map((scope) => scopeCheck(scope, missing.includes(scope), isEnough));
  const conditionChecks = require.map((condition) => {
    const isSatisfied = !authorize(principal, withRequirement(route, [], [condition]), path);
    return conditionCheck(condition, isSatisfied, principal, route, path);
  });
  return {
    public: false,
    mode,
    required: scopes,
    missing,
    checks: [
      ...(scopes.length === 0 ? [passed('token', 'any valid token is enough')] : scopeChecks),
      ...conditionChecks,
    ],
  };
}

/** The route as if it required these alone. */
function withRequirement(
  { access, ...route }: Route,
  scopes: readonly string[],
  require: readonly ClaimCondition[] | undefined,
): Route {
  return {
    ...route,
    access: { issuers: undefined, ...access, kind: 'scoped', requirement: { mode: 'all', scopes } },
    require,
  };
}

function scopeCheck(scope: string, isMissing: boolean, isEnough: boolean): ExplainedCheck {
  const name = `scope ${scope}`;
  if (!isMissing) return passed(name, 'the token has it');
  return isEnough
    ? skipped(name, 'not needed: another one is enough')
    : failed(name, 'the token does not have it');
}

function conditionCheck(
  condition: ClaimCondition,
  isSatisfied: boolean,
  { claims }: Principal,
  route: Route,
  path: string,
): ExplainedCheck {
  const name = `claim ${condition.name}`;
  const claim = readClaim(claims, condition.path);
  const found = claim === undefined ? 'does not have it' : `has ${valueText(claim)}`;
  const text = `${conditionText(condition, route, path)}: the token ${found}`;
  return isSatisfied ? passed(name, text) : failed(name, text);
}

/** `must be "acme" (the path's org)`. */
function conditionText(
  { test, values, parameter }: ClaimCondition,
  { path: segments }: Route,
  path: string,
): string {
  if (test === 'absent') return 'must be absent';
  const verb = test === 'is' ? 'must be' : 'must contain';
  if (parameter === undefined) return `${verb} ${listText(values.map(valueText), 'or')}`;
  const at = segments.findIndex((segment) => segment.kind === 'parameter' && segment.name === parameter);
  const text = path.slice(1).split('/')[at] ?? '';
  return `${verb} ${valueText(decodeURIComponent(text))}, the path's ${parameter}`;
}
