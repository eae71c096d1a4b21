/** Checks among routes: no two of one shape and method, of which a request could mean either. */
import type { Segment } from '../../model/route.js';
import type { PartialConfig } from '../partial.js';
import type { Report } from '../problem.js';
import type { MatchRule } from '../schema/match.js';

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
      const place = lineOf(other.index) ? `in line ${lineOf(other.index)}` : `(routes[${other.index}])`;
      report(
        ['routes', index, 'match'],
        `the same shape and method (${shared}) as "${other.rule.text}" ${place}`,
      );
      break;
    }
    byShape.set(shape, [...others, { rule, index }]);
  }
}

/** Names of placeholders do not tell routes apart. */
function shapeOf(segment: Segment): readonly string[] {
  return segment.kind === 'literal' ? ['literal', segment.text] : [segment.kind];
}

/** A named method goes before `*`, so those two do not conflict. */
function sharedMethod({ methods: one }: MatchRule, { methods: other }: MatchRule): string | undefined {
  if (one === 'any' || other === 'any') return one === other ? '*' : undefined;
  return [...one].find((method) => other.has(method));
}
