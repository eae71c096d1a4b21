/** Warns where a route needs less at some hosts than another route of the same upstream needs at others. */
import { coversHost, hostRank } from '../../model/host.js';
import type { PartialConfig, PartialRoute } from '../partial.js';
import type { Warn } from '../problem.js';
import { coversMethods, coversPath, sharesMethod, sharesPath } from './overlap.js';

type Routes = PartialConfig['routes'];
/** A host pattern of the file; undefined: any host. */
type Pattern = string | undefined;

/**
 * Warns of each route that opens what another route protects: it is public or has `scope: none`, the other needs a token
 * or a scope, and both forward a path and method to the same upstream. Either it goes before the other at its host, or it
 * gets the requests for other hosts than the other's. Callers choose the host.
 * @param lineOf the line of a route's `match`, from 1; 0 without a file
 */
export function checkHosts({ routes }: PartialConfig, lineOf: (index: number) => number, warn: Warn): void {
  for (const [index, open] of routes.entries()) {
    if (!open) continue;
    for (const [otherIndex, guarded] of routes.entries()) {
      if (!guarded || !needsLess(open, guarded) || !forwardsSame(open, guarded)) continue;
      const location = lineOf(otherIndex) ? `in line ${lineOf(otherIndex)}` : `(routes[${otherIndex}])`;
      const text = warningOf(routes, open, guarded, `"${guarded.match?.text}" ${location}`);
      if (text !== undefined) warn(['routes', index, 'match'], text);
    }
  }
}

function warningOf(
  routes: Routes,
  open: PartialRoute,
  guarded: PartialRoute,
  described: string,
): string | undefined {
  const kind = kindOf(open);
  const need = open.public === true ? 'a token' : 'a scope';
  const unprotected = patternsOf(open).filter((pattern) => !isProtected(routes, pattern, open, guarded));
  const before = unprotected.find((pattern) => patternsOf(guarded).some((other) => isBefore(pattern, other)));
  if (before !== undefined)
    return `at ${before} ${kind} goes before ${described}, which needs ${need} elsewhere`;
  for (const pattern of unprotected) {
    const host = patternsOf(guarded).find((other) => isBefore(other, pattern));
    if (host !== undefined)
      return `at other hosts ${kind} opens ${described}, which needs ${need} at ${host}`;
  }
  return undefined;
}

function kindOf({ public: isPublic, shadow }: PartialRoute): string {
  if (isPublic === true) return 'this public route';
  return shadow ? 'this route with its scope in shadow' : 'this route with scope: none';
}

function patternsOf({ host }: PartialRoute): readonly Pattern[] {
  return host ?? [undefined];
}

/** Whether a host pattern matches some of the hosts of another one, and goes before it there. */
function isBefore(pattern: Pattern, other: Pattern): boolean {
  return coversHost(other, pattern) && hostRank(other) < hostRank(pattern);
}

/** A route with conditions on claims is compared with none, since either may need more. */
function needsLess(open: PartialRoute, guarded: PartialRoute): boolean {
  if (!guarded.scope || guarded.public === true) return false;
  return open.public === true || (hasNoScope(open) && !hasCondition(open) && !hasNoScope(guarded));
}

function hasNoScope({ scope, shadow }: PartialRoute): boolean {
  return shadow === true || scope?.scopes.length === 0;
}

function hasCondition({ require }: PartialRoute): boolean {
  return require?.some(({ shadow }) => !shadow) === true;
}

/** Whether some path and method reaches the same place through both routes. */
function forwardsSame(open: PartialRoute, guarded: PartialRoute): boolean {
  if (!open.match || !guarded.match || open.upstream !== guarded.upstream) return false;
  if (open.rewrite || guarded.rewrite) return false;
  return sharesMethod(open.match, guarded.match) && sharesPath(open.match.path, guarded.match.path);
}

/** Whether at the open route's host another route that needs as much goes before it for all that the guarded one matches. */
function isProtected(routes: Routes, pattern: Pattern, open: PartialRoute, guarded: PartialRoute): boolean {
  return routes.some((route) => {
    if (!route?.match || !open.match || !guarded.match || !route.scope || needsLess(route, guarded))
      return false;
    if (!patternsOf(route).includes(pattern)) return false;
    if (!coversMethods(route.match, guarded.match) || !coversPath(route.match.path, guarded.match.path))
      return false;
    if (!coversPath(open.match.path, route.match.path)) return false;
    // Of two routes of one path the one with named methods goes first.
    const isSamePath = coversPath(route.match.path, open.match.path);
    return !isSamePath || (open.match.methods === 'any' && route.match.methods !== 'any');
  });
}
