/** Checks a route's conditions on the caller's claims, for `authorize.ts`. */
import { satisfies } from '../model/claim.js';
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';

export type CheckConditions = (claims: Principal['claims'], path: string) => Refusal | undefined;

/**
 * Binds the conditions of a route. The check returns the refusal (403) of the first condition that is not satisfied.
 *
 * @param require the route's conditions
 */
export function createConditionsCheck(
  require: NonNullable<Route['require']>,
  { path }: Pick<Route, 'path'>,
): CheckConditions {
  const conditions = require.map((condition) => ({ condition, refusal: refusalOf(condition.name) }));
  const hasParameters = require.some(({ parameter }) => parameter !== undefined);
  return (claims, matched) => {
    const parameters = hasParameters ? parametersOf(path, matched) : undefined;
    for (const { condition, refusal } of conditions)
      if (!satisfies(condition, claims, parameters)) return refusal;
    return undefined;
  };
}

/** Returns the path parameters of one segment each, fully decoded. */
function parametersOf(path: Route['path'], matched: string): Readonly<Record<string, string>> {
  const texts = matched.slice(1).split('/', path.length);
  const parameters = Object.create(null) as Record<string, string>;
  for (const [at, segment] of path.entries()) {
    if (segment.kind === 'parameter') parameters[segment.name] = decodeURIComponent(texts[at] ?? '');
  }
  return parameters;
}

/** RFC 6750 3 allows no quote, backslash or character outside ASCII in a description. */
const UNALLOWED = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/gu;

/** Names the claim. Neither its value nor the accepted ones are shown. */
function refusalOf(claim: string): Refusal {
  const description = `The token's claim ${claim.replace(UNALLOWED, '?')} does not satisfy this resource's condition`;
  const challenge = `Bearer realm="tollgate", error="insufficient_scope", error_description="${description}"`;
  return new Refusal('insufficient_claims', ['WWW-Authenticate', challenge], `claim ${claim}`);
}
