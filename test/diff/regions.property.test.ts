/** The regions leave no request out: random requests against random route tables. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { regionsOf } from '../../src/diff/regions.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import type { Settings } from '../../src/model/settings.js';
import { headOf, matcherOf } from '../match/head-of.js';
import { routeOf } from '../model/route-of.js';

const PATTERNS = ['a.test', 'x.a.test', '*.a.test', '*.x.a.test', 'b.test'] as const;
const OPTIONS = { allowSemicolon: false };

const rule = fc
  .tuple(
    fc.option(fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 2 })),
    fc.constantFrom('GET', 'POST', 'HEAD', 'GET,PUT', '*'),
    fc.array(fc.constantFrom('a', 'b', 'B', 'c', 'c%2Fd', '{x}'), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/', '/{rest*}', '/{rest**}'),
    fc.boolean(),
  )
  .map(([hosts, methods, segments, end, isPublic]) =>
    routeOf(`${methods} /${segments.join('/')}${end}`, {
      ...(hosts && { hosts: hosts as [string, ...string[]] }),
      ...(!isPublic && { scope: { mode: 'all', scopes: ['s'] } }),
      allowEncodedSlash: true,
    }),
  );
const tables = fc
  .array(rule, { minLength: 1, maxLength: 8 })
  .chain((routes) =>
    fc
      .tuple(fc.subarray(routes), fc.subarray(routes), fc.array(rule, { maxLength: 2 }))
      .map(([old, kept, added]): [Route[], Route[]] => [old, [...added, ...kept]]),
  );
const request = fc.tuple(
  fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE'),
  fc
    .array(fc.constantFrom('a', 'b', 'B', 'A', 'c', 'q', 'c%2Fd', 'q%2Fr'), { minLength: 1, maxLength: 4 })
    .chain((segments) => fc.constantFrom(`/${segments.join('/')}`, `/${segments.join('/')}/`)),
  fc.constantFrom('a.test', 'x.a.test', 'y.a.test', 'z.x.a.test', 'b.test', 'other.test'),
);

function settingsOf(routes: readonly Route[]): Settings {
  return { routes, tokens: undefined, limitStatus: undefined, ...OPTIONS } as Partial<Settings> as Settings;
}

it('each pair of routes that a request has before and after is one of the regions', () => {
  let together = 0;
  fc.assert(
    fc.property(tables, fc.array(request, { minLength: 30, maxLength: 30 }), ([old, now], requests) => {
      const regions = regionsOf(settingsOf(old), settingsOf(now));
      const findOld = matcherOf(old, OPTIONS);
      const findNew = matcherOf(now, OPTIONS);
      for (const [method, path, host] of requests) {
        const head = headOf(`${method} ${path}`, host);
        const before = findOld(head);
        const after = findNew(head);
        if (after instanceof Refusal) continue;
        if (before instanceof Refusal) {
          expect(regions.map((region) => region.new)).toContain(after.route);
          continue;
        }
        together++;
        expect(
          regions.some((region) => region.old === before.route && region.new === after.route),
          `${method} http://${host}${path}: ${before.route.label} → ${after.route.label}`,
        ).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
  expect(together).toBeGreaterThan(50);
});

it.each([
  ['/b/{x}', '/B/{rest**}', 'in another case'],
  ['/c/d/{x}', '/c%2Fd/{rest**}', 'with an encoded slash'],
])('a longer path has a region of its own where a shorter one is hidden by %s: %s %s', (similar, path) => {
  const options = { hosts: ['*.a.test'] as [string], allowEncodedSlash: true };
  const general = routeOf('GET /{x}/{rest*}', options);
  const old = settingsOf([routeOf(`GET ${similar}`, options), general]);
  const added = routeOf(`GET ${path}`, { allowEncodedSlash: true });
  const regions = regionsOf(old, settingsOf([added]));
  expect(regions.some((region) => region.old === general && region.new === added)).toBe(true);
});

it('an example of each region has the routes of that region', () => {
  fc.assert(
    fc.property(tables, ([old, now]) => {
      for (const { old: before, new: after, example } of regionsOf(settingsOf(old), settingsOf(now))) {
        const [, method = '', host = 'other.test', path = ''] = /^(\S+) (?:http:\/\/([^/]+))?(\S+)$/.exec(
          example,
        )!;
        const head = headOf(`${method} ${path}`, host);
        for (const [table, route] of [
          [old, before],
          [now, after],
        ] as const) {
          const found = matcherOf(table, OPTIONS)(head);
          expect(found instanceof Refusal ? undefined : found.route).toBe(route);
        }
      }
    }),
    { numRuns: 200 },
  );
});

it('a table with thousands of routes is divided within seconds', () => {
  const routes = Array.from({ length: 2000 }, (_, index) =>
    routeOf(
      `GET /v${index % 10}/r${index}/{id}/{rest*}`,
      index % 500 === 0 ? { hosts: [`h${index}.test`] } : {},
    ),
  );
  const startedAt = performance.now();
  expect(regionsOf(settingsOf(routes), settingsOf(routes.slice(1)))).toHaveLength(2000);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
