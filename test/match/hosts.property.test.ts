import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coversHost, hostRank } from '../../src/model/host.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const OPTIONS = { allowSemicolon: false };
const PATTERNS = ['a.test', 'x.a.test', '*.a.test', '*.x.a.test', 'b.test'] as const;
const SCOPES = [undefined, { mode: 'all', scopes: ['s'] }, { mode: 'all', scopes: ['s', 't'] }] as const;

const rule = fc
  .tuple(
    fc.option(fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 2 })),
    fc.constantFrom('GET', 'POST', '*'),
    fc.array(fc.constantFrom('a', 'b', '{x}'), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '/{rest*}', '/{rest**}'),
    fc.constantFrom(...SCOPES),
  )
  .map(([hosts, methods, segments, end, scope]) =>
    routeOf(`${methods} /${segments.join('/').replaceAll('{x}/{x}', '{x}/{y}')}${end}`, {
      ...(hosts && { hosts: hosts as [string, ...string[]] }),
      ...(scope && { scope }),
    }),
  );
const routes = fc.array(rule, { minLength: 1, maxLength: 12 });
const host = fc.constantFrom('a.test', 'x.a.test', 'y.a.test', 'z.x.a.test', 'b.test', 'other.test');
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  .map((segments) => `/${segments.join('/')}`);
const method = fc.constantFrom('GET', 'POST', 'PUT');

function find(table: readonly Route[], at: string, request: string): Route | number {
  const found = matcherOf(table, OPTIONS)(headOf(request, at));
  return found instanceof Refusal ? found.status : found.route;
}

/** Changes the case of the characters that the bits select. */
function recased(text: string, bits: number): string {
  return text.replace(/./g, (each, at: number) => ((bits >> (at % 30)) & 1 ? each.toUpperCase() : each));
}

it('The most specific hosts that have the path and method decide, each as if they were alone', () => {
  fc.assert(
    fc.property(routes, host, path, method, (table, at, sent, asked) => {
      const ranked = [...PATTERNS, undefined]
        .filter((pattern) => coversHost(pattern, at))
        .sort((one, other) => hostRank(other) - hostRank(one));
      const expected = ranked
        .map((pattern) =>
          find(
            table.filter(({ hosts }) =>
              hosts ? hosts.some((each) => each === pattern) : pattern === undefined,
            ),
            at,
            `${asked} ${sent}`,
          ),
        )
        .find((found) => typeof found !== 'number');
      const found = find(table, at, `${asked} ${sent}`);
      if (expected === undefined) expect([404, 405]).toContain(found);
      else expect(found).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

it('A host or path in another case, a port, a dot or a slash at the end never reach another route', () => {
  fc.assert(
    fc.property(
      routes,
      host,
      path,
      method,
      fc.nat(),
      fc.nat(),
      fc.constantFrom('', ':80', ':8443', '.', '.:1'),
      fc.constantFrom('', '/'),
      (table, at, sent, asked, hostBits, pathBits, port, slash) => {
        const plain = find(table, at, `${asked} ${sent}`);
        expect(find(table, recased(at, hostBits) + port, `${asked} ${sent}`)).toBe(plain);
        const other = find(
          table,
          recased(at, hostBits) + port,
          `${asked} ${recased(sent, pathBits)}${slash}`,
        );
        if (typeof other !== 'number') expect(other).toBe(plain);
      },
    ),
    { numRuns: 3000 },
  );
});
