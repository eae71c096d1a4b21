/** Tells whether one requirement implies another: every caller that satisfies it satisfies the other one too. */
import { isSameClaim, type ClaimCondition } from '../model/claim.js';
import { covers } from '../model/scope.js';
import type { Route, ScopeRequirement } from '../model/route.js';

/** Whether whatever satisfies `strict` satisfies `loose`, for every set of granted scopes. */
export function impliesScopes(strict: ScopeRequirement, loose: ScopeRequirement): boolean {
  // With `any`, each alternative alone has to be enough.
  const alternatives = strict.mode === 'any' ? strict.scopes.map((scope) => [scope]) : [strict.scopes];
  return alternatives.every((held) => {
    const isHeld = (scope: string) => held.some((each) => covers(each, scope));
    return loose.mode === 'all' ? loose.scopes.every(isHeld) : loose.scopes.some(isHeld);
  });
}

/** Whether every scope that `inner` lets a token have is one that `outer` lets it have too. */
export function grantsWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return inner.every((grant) => outer.some((each) => covers(each, grant)));
}

/** What conditions belong to; without a path, no condition has a parameter. */
type Conditioned = { readonly require: readonly ClaimCondition[] | undefined } & Partial<Pick<Route, 'path'>>;

/** Returns the conditions of `loose` that those of `strict` do not imply. Both get the same request. */
export function conditionsBeyond(loose: Conditioned, strict: Conditioned): readonly ClaimCondition[] {
  return (loose.require ?? []).filter(
    (condition) => !(strict.require ?? []).some((each) => impliesCondition(each, strict, condition, loose)),
  );
}

function impliesCondition(
  strict: ClaimCondition,
  strictOwner: Conditioned,
  loose: ClaimCondition,
  looseOwner: Conditioned,
): boolean {
  if (strict.test !== loose.test || !isSameClaim(strict.path, loose.path)) return false;
  if (strict.test === 'absent') return true;
  if (loose.parameter !== undefined || strict.parameter !== undefined) {
    // A parameter is the same text where it is at the same position, whatever its name.
    return (
      loose.parameter !== undefined &&
      strict.parameter !== undefined &&
      positionOf(strict.parameter, strictOwner) === positionOf(loose.parameter, looseOwner)
    );
  }
  return strict.values.every((value) => loose.values.includes(value));
}

function positionOf(parameter: string, { path = [] }: Conditioned): number {
  return path.findIndex((segment) => segment.kind === 'parameter' && segment.name === parameter);
}
