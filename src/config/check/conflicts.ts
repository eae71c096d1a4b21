/** Checks that no two routes have the same shape and method, so that each request matches one route. */
import type { Segment } from '../../model/route.js';
import type { PartialConfig } from '../partial.js';
import type { Report } from '../problem.js';
import type { MatchRule } from '../schema/match.js';

/**
 * Reports each route that conflicts with an earlier one.
 * @param lineOf the line of a route's `match`, from 1; 0 without a file
 */
export function checkConflicts(
  routes: PartialConfig['routes'],
  lineOf: (index: number) => number,
  report: Report,
): void {
  const byShape = new Map<string, { rule: MatchRule; index: number }[]>();
  for (const [index, route] of routes.entries()) {
    const rule = route?.match;
    if (!rule) continue;
    const shape = JSON.stringify(rule.path.map(shapeOf));
    const others = byShape.get(shape) ?? [];
    for (const other of others) {
      const shared = sharedMethod(rule, other.rule);
      if (shared === undefined) continue;
      const location = lineOf(other.index) ? `in line ${lineOf(other.index)}` : `(routes[${other.index}])`;
      report(
        ['routes', index, 'match'],
        `the same shape and method (${shared}) as "${other.rule.text}" ${location}`,
      );
      break;
    }
    byShape.set(shape, [...others, { rule, index }]);
  }
}

/** The shape of a segment; names of placeholders do not distinguish routes. */
function shapeOf(segment: Segment): readonly string[] {
  return segment.kind === 'literal' ? ['literal', segment.text] : [segment.kind];
}

/** A named method has priority over `*`, so those two do not conflict. */
function sharedMethod({ methods: one }: MatchRule, { methods: other }: MatchRule): string | undefined {
  if (one === 'any' || other === 'any') return one === other ? '*' : undefined;
  return [...one].find((method) => other.has(method));
}
