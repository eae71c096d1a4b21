/** Checks that no two routes have the same hosts, shape and method, so that each request matches one route. */
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
    for (const host of route.host ?? [undefined]) {
      const shape = JSON.stringify([host, ...rule.path.map(shapeOf)]);
      const others = byShape.get(shape) ?? [];
      const other = others.find((each) => sharedMethod(rule, each.rule) !== undefined);
      byShape.set(shape, [...others, { rule, index }]);
      if (!other) continue;
      const method = sharedMethod(rule, other.rule);
      const location = lineOf(other.index) ? `in line ${lineOf(other.index)}` : `(routes[${other.index}])`;
      const hostPart = host === undefined ? '' : `at ${host} `;
      report(
        ['routes', index, 'match'],
        `${hostPart}the same shape and method (${method}) as "${other.rule.text}" ${location}`,
      );
      break;
    }
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
