import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RouteMatch } from '../../src/model/decision.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route, Segment } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const KINDS: readonly Segment['kind'][] = ['literal', 'parameter', 'rest', 'optional-rest'];

/** Whether a path has the shape of a route: by definition, without a tree. */
function fits(path: readonly Segment[], texts: readonly string[]): boolean {
  const [segment, ...further] = path;
  const [text, ...following] = texts;
  if (segment === undefined) return text === undefined;
  if (segment.kind === 'optional-rest') return true;
  if (text === undefined) return false;
  switch (segment.kind) {
    case 'literal':
      return segment.text === text && fits(further, following);
    case 'parameter':
      return text !== '' && fits(further, following);
    case 'rest':
      return text !== '';
  }
}

/** The rank of a route for a method: a named one, GET's for HEAD, any; undefined: it has none. */
function methodRank({ methods }: Route, method: string): number | undefined {
  if (methods === 'any') return 2;
  if (methods.has(method)) return 0;
  return method === 'HEAD' && methods.has('GET') ? 1 : undefined;
}

/** Segment by segment from the left; less than 0 where the first is the more specific. */
function compare(one: readonly Segment[], other: readonly Segment[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const difference = KINDS.indexOf(one[at]!.kind) - KINDS.indexOf(other[at]!.kind);
    if (difference !== 0) return difference;
  }
  // Where both match, an optional rest at the end of the longer one is empty.
  return one.length - other.length;
}

function stripped<T>(items: readonly T[], isEmpty: (item: T) => boolean): readonly T[] {
  const last = items.at(-1);
  return last !== undefined && isEmpty(last) ? items.slice(0, -1) : items;
}

function folded(path: readonly Segment[]): readonly Segment[] {
  return stripped(path, (segment) => segment.kind === 'literal' && segment.text === '').map((segment) =>
    segment.kind === 'literal' ? { ...segment, text: segment.text.toLowerCase() } : segment,
  );
}

interface Finding {
  readonly winner: Route | undefined;
  /** Whether a more specific route differs from the path only in case or in a trailing slash. */
  readonly lookalike: boolean;
}

function naive(routes: readonly Route[], path: string, method: string): Finding {
  const texts = path.slice(1).split('/').map(decodeURIComponent);
  const candidates = routes.filter((route) => methodRank(route, method) !== undefined);
  const [winner] = candidates
    .filter((route) => fits(route.path, texts))
    .sort((a, b) => compare(a.path, b.path) || methodRank(a, method)! - methodRank(b, method)!);
  if (winner === undefined) return { winner, lookalike: false };
  const plain = stripped(
    texts.map((text) => text.toLowerCase()),
    (text) => text === '',
  );
  const lookalike = candidates.some(
    (route) => fits(folded(route.path), plain) && compare(folded(route.path), folded(winner.path)) < 0,
  );
  return { winner, lookalike };
}

const segment = fc.constantFrom('a', 'A', 'b', 'c%40', '{x}', '{y}');
const rule = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'GET,PUT', 'HEAD', '*'),
    fc.array(segment, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '/', '/{rest*}', '/{rest**}'),
  )
  .map(([methods, segments, end]) => routeOf(`${methods} /${segments.join('/')}${end}`));
const routes = fc.array(rule, { minLength: 1, maxLength: 12 });
const path = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'A', 'b', 'B', '%61', 'c@', 'c%40', 'C@', 'z'), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.constantFrom('', '', '/'),
  )
  .map(([segments, end]) => `/${segments.join('/')}${end}`);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE');

it('The tree finds what a naive matcher finds, and 405 exactly if other methods have the path', () => {
  fc.assert(
    fc.property(routes, path, method, (table, sent, asked) => {
      const found = matcherOf(table, { allowSemicolon: false })(headOf(`${asked} ${sent}`));
      const { winner, lookalike } = naive(table, sent, asked);
      if (winner !== undefined) {
        if (lookalike) expect(found).toMatchObject({ status: 404 });
        else expect((found as RouteMatch).route).toBe(winner);
        return;
      }
      const others = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'].filter((other) => {
        const finding = naive(table, sent, other);
        return finding.winner !== undefined && !finding.lookalike;
      });
      if (others.length === 0) expect(found).toMatchObject({ status: 404 });
      else expect(found).toMatchObject({ status: 405, headers: ['Allow', others.join(', ')] });
    }),
    { numRuns: 5000 },
  );
});

it('What is matched is what is forwarded: the forwarded path leads to the same route and stays unchanged', () => {
  fc.assert(
    fc.property(routes, path, method, (table, sent, asked) => {
      const match = matcherOf(table, { allowSemicolon: false });
      const found = match(headOf(`${asked} ${sent}`));
      if (found instanceof Refusal) return;
      expect(match(headOf(`${asked} ${found.path}`))).toEqual(found);
    }),
    { numRuns: 3000 },
  );
});

it('For any target, match finds or refuses and never throws', () => {
  const match = matcherOf([routeOf('* /{all*}', { allowEncodedSlash: true })], { allowSemicolon: true });
  const target = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.string().map((text) => `/${text}`),
    fc
      .array(fc.constantFrom('/', '%', '2', 'f', '..', ';', '?', '#', '\\', 'a', '%ff'))
      .map((all) => `/${all.join('')}`),
  );
  fc.assert(
    fc.property(target, (sent) => {
      const found = match(headOf(`GET ${sent}`));
      if (found instanceof Refusal) expect([400, 404]).toContain(found.status);
      else expect(found.path).toMatch(/^\/[!-~]+$/);
    }),
    { numRuns: 5000 },
  );
});

it('Five thousand routes are found about as fast as five', () => {
  const table = (count: number): Route[] =>
    Array.from({ length: count }, (_, at) => routeOf(`GET /service${at}/things/{id}`));
  const timeOf = (count: number): number => {
    const match = matcherOf(table(count), { allowSemicolon: false });
    const head = headOf('GET /service3/things/42');
    let best = Infinity;
    for (let round = 0; round < 20; round++) {
      const started = performance.now();
      for (let call = 0; call < 2000; call++) match(head);
      best = Math.min(best, performance.now() - started);
    }
    return best;
  };
  const few = timeOf(5);
  expect(timeOf(5000)).toBeLessThan(10 * few);
});
