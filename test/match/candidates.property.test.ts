import fc from 'fast-check';
import { expect, it } from 'vitest';
import { candidatesOf, similarRoutes } from '../../src/match/match.js';
import { Refusal } from '../../src/model/refusal.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const PATTERNS = ['a.test', 'x.a.test', '*.a.test', '*.x.a.test'] as const;
const rule = fc
  .tuple(
    fc.option(fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 2 })),
    fc.constantFrom('GET', 'POST', '*', 'HEAD'),
    fc.array(fc.constantFrom('a', 'B', '{x}'), { maxLength: 3 }),
    fc.constantFrom('', '/', '/{rest*}', '/{rest**}'),
  )
  .map(([hosts, methods, segments, end]) => {
    const path = segments.map((segment, at) => (segment === '{x}' ? `{x${at}}` : segment)).join('/');
    return routeOf(`${methods} /${path}${path === '' && end !== '' ? end.slice(1) : end}`, {
      ...(hosts && { hosts: hosts as [string, ...string[]] }),
    });
  });
const routes = fc.uniqueArray(rule, {
  minLength: 1,
  maxLength: 10,
  selector: ({ label }) => label.replace(/x\d/g, 'x'),
});
const host = fc.constantFrom('a.test', 'x.a.test', 'y.a.test', 'z.x.a.test', 'b.test');
const path = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'B', 'b', 'c'), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '/'),
  )
  .map(([segments, end]) => `/${segments.join('/')}${end}`);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'TRACE');

it('The first candidate is the route that matches, and a route that is not used has a similar one', () => {
  fc.assert(
    fc.property(routes, host, path, method, (table, at, sent, asked) => {
      const found = matcherOf(table, { allowSemicolon: false })(headOf(`${asked} ${sent}`, at));
      const target = { path: sent, query: '' };
      const [first] = candidatesOf(table, target, asked, at);
      if (!(found instanceof Refusal)) expect(first?.route.label).toBe(found.route.label);
      else if (first) expect(similarRoutes(first.route, table, target, asked, at)).not.toEqual([]);
    }),
    { numRuns: 2000 },
  );
});
