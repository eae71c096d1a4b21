/**
 * What a caller needs for an operation, in the form that a route can state. Everything here is exact or stricter: no
 * function returns a requirement that admits a caller whom its arguments do not admit.
 */
import type { ScopeRequirement } from '../model/route.js';

/** No token at all, or scopes of a token. A list of scopes is never empty. */
export type Requirement = 'public' | ScopeRequirement;

/** Scopes that are needed together. The callers that a document admits are those with one of several such sets. */
export type Alternative = readonly string[];

/** Returns whether every caller that satisfies `one` also satisfies `other`. */
export function implies(one: Requirement, other: Requirement): boolean {
  if (other === 'public') return true;
  if (one === 'public') return false;
  const satisfies = (scopes: readonly string[]): boolean =>
    other.mode === 'all'
      ? other.scopes.every((scope) => scopes.includes(scope))
      : other.scopes.some((scope) => scopes.includes(scope));
  return one.mode === 'all' ? satisfies(one.scopes) : one.scopes.every((scope) => satisfies([scope]));
}

/** Returns a requirement that implies both. Where a route cannot state the exact one, it is stricter. */
export function both(one: Requirement, other: Requirement): Requirement {
  if (implies(one, other)) return one;
  if (implies(other, one)) return other;
  // Neither is public here, since everything implies that.
  const [first, second] = [one as ScopeRequirement, other as ScopeRequirement];
  const shared = first.scopes.filter((scope) => second.scopes.includes(scope));
  if (first.mode === 'any' && second.mode === 'any' && shared.length > 0) return anyOf(shared);
  return allOf([...neededOf(first, shared), ...neededOf(second, shared)]);
}

/** The scopes that satisfy a requirement: all of them, or one of those of which one is enough. */
function neededOf({ mode, scopes }: ScopeRequirement, preferred: readonly string[]): readonly string[] {
  return mode === 'all' ? scopes : [preferred[0] ?? scopes[0]!];
}

/** A requirement, and whether it is stricter than the alternatives that it was made of. */
export interface Choice {
  readonly requirement: ScopeRequirement;
  readonly isStricter: boolean;
}

/**
 * Makes the requirement of alternatives of which one is enough. Several alternatives of one scope each become `any`. Where
 * one of them needs several scopes, a route cannot state the alternatives, and the first one alone is required.
 *
 * @param alternatives at least one, none of them empty, the preferred one first
 */
export function oneOf(alternatives: readonly Alternative[]): Choice {
  const least = alternatives.filter(
    (each, index) =>
      !alternatives.some(
        (other, at) => at !== index && isSubset(other, each) && (at < index || !isSubset(each, other)),
      ),
  );
  const [first = []] = least;
  if (least.length === 1) return { requirement: allOf(first), isStricter: false };
  if (least.every(({ length }) => length === 1))
    return { requirement: anyOf(least.flat()), isStricter: false };
  return { requirement: allOf(first), isStricter: true };
}

function isSubset(inner: Alternative, outer: Alternative): boolean {
  return inner.every((scope) => outer.includes(scope));
}

/** Returns the requirement of all these scopes, without duplicates. */
export function allOf(scopes: readonly string[]): ScopeRequirement {
  return { mode: 'all', scopes: [...new Set(scopes)] };
}

/** One scope of which any is enough is the same as all of it; that form is the shorter one in a file. */
function anyOf(scopes: readonly string[]): ScopeRequirement {
  const unique = [...new Set(scopes)];
  return { mode: unique.length === 1 ? 'all' : 'any', scopes: unique };
}

/** Describes a requirement in a message: `a and b`, `a or b`. */
export function describeRequirement(requirement: Requirement): string {
  if (requirement === 'public') return 'no token';
  return requirement.scopes.join(requirement.mode === 'all' ? ' and ' : ' or ');
}
