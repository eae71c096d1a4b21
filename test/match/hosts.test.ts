import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const SCOPED = { scope: { mode: 'all', scopes: ['a'] } } as const;

/** The label of a request's route, or the refusal's status. */
function finder(routes: readonly Route[]) {
  const match = matcherOf(routes, { allowSemicolon: true });
  return (host: string, request: string): string | number => {
    const found = match(headOf(request, host));
    return found instanceof Refusal ? found.status : found.route.label;
  };
}

describe('The host of a request', () => {
  const find = finder([
    routeOf('* /{path**}', { hosts: ['*.example.com'] }),
    routeOf('* /a/{path**}', { hosts: ['*.b.example.com'] }),
    routeOf('GET /a/x', { hosts: ['a.b.example.com', 'example.com'] }),
    routeOf('GET /a/x'),
    routeOf('* /any'),
  ]);

  it.each([
    ['a.b.example.com', 'GET /a/x', 'a.b.example.com,example.com GET /a/x'],
    ['example.com', 'GET /a/x', 'a.b.example.com,example.com GET /a/x'],
    ['c.b.example.com', 'GET /a/x', '*.b.example.com * /a/{path**}'],
    ['c.c.b.example.com', 'GET /a/x', '*.b.example.com * /a/{path**}'],
    ['b.example.com', 'GET /a/x', '*.example.com * /{path**}'],
    ['other.test', 'GET /a/x', 'GET /a/x'],
    ['badexample.com', 'GET /a/x', 'GET /a/x'],
    ['[::1]', 'GET /a/x', 'GET /a/x'],
  ])('chooses a name before the longest wildcard before any host: %s %s', (host, request, label) => {
    expect(find(host, request)).toBe(label);
  });

  it.each([
    ['a.b.example.com', 'GET /a/y', '*.b.example.com * /a/{path**}'],
    ['a.b.example.com', 'POST /a/x', '*.b.example.com * /a/{path**}'],
    ['a.b.example.com', 'GET /any', '*.example.com * /{path**}'],
    ['example.com', 'GET /any', '* /any'],
    ['example.com', 'GET /none', 404],
    ['example.com', 'POST /a/x', 405],
  ])(
    'leads to less specific hosts where its own have no such path and method: %s %s',
    (host, request, label) => {
      expect(find(host, request)).toBe(label);
    },
  );

  it.each(['A.B.EXAMPLE.COM', 'a.b.example.com:8080', 'a.b.example.com.', 'A.b.Example.com.:80'])(
    'is compared without port, case and the dot at its end: %s',
    (host) => {
      expect(find(host, 'GET /a/x')).toBe('a.b.example.com,example.com GET /a/x');
    },
  );

  it('may be an address', () => {
    const byAddress = finder([routeOf('* /a', { hosts: ['[2001:db8::1]', '10.0.0.5'] })]);
    expect(byAddress('[2001:DB8:0::1]:80', 'GET /a')).toBe('[2001:db8::1],10.0.0.5 * /a');
    expect(byAddress('10.0.0.5:80', 'GET /a')).toBe('[2001:db8::1],10.0.0.5 * /a');
    expect(byAddress('[2001:db8::2]', 'GET /a')).toBe(404);
  });

  it('that no route names is 404, and a path with %2F there 400 as everywhere', () => {
    const named = finder([routeOf('* /{path**}', { hosts: ['a.test'] })]);
    expect(named('b.test', 'GET /x')).toBe(404);
    expect(named('a.test.b.test', 'GET /x')).toBe(404);
    expect(named('b.test', 'GET /x%2Fy')).toBe(400);
  });

  it('is that of a target in absolute form, which must be the same', () => {
    expect(find('a.b.example.com', 'GET http://A.b.example.com/a/x')).toBe(
      'a.b.example.com,example.com GET /a/x',
    );
    expect(find('other.test', 'GET http://a.b.example.com/a/x')).toBe(400);
    expect(find('a.b.example.com', 'GET http://other.test/a/x')).toBe(400);
  });

  it('of any length is looked up in bounded time', () => {
    const long = `${'a.'.repeat(7000)}example.com`;
    expect(find(long, 'GET /a/x')).toBe('*.example.com * /{path**}');
    const before = performance.now();
    for (let i = 0; i < 200; i++) find(`${'a.'.repeat(7000)}example.org`, 'GET /a/x');
    expect(performance.now() - before).toBeLessThan(1500);
  });
});

describe('A path that a stricter route of the same host would match if it were read differently', () => {
  const find = finder([
    routeOf('* /{path**}'),
    routeOf('* /admin/{path**}', { hosts: ['a.test'], ...SCOPED }),
    routeOf('* /keys', { hosts: ['*.b.test'], ...SCOPED }),
    routeOf('* /Shown', { hosts: ['a.test'], ...SCOPED }),
    routeOf('* /shown'),
    routeOf('* /secret/{x}', SCOPED),
    routeOf('* /secret/{x**}', { hosts: ['c.test'] }),
    routeOf('* /x/{x**}', { hosts: ['c.test'] }),
  ]);

  it.each([
    ['a.test', '/Admin/x'],
    ['a.test', '/ADMIN/'],
    ['A.TEST.:80', '/Admin/x'],
    ['a.test', '/admin;x/y'],
    ['a.test', '/shown'],
    ['a.test', '/x/..%20/admin'],
    ['c.b.test', '/Keys'],
    ['c.b.test', '/keys/'],
    ['c.b.test', '/keys;v=1'],
    ['c.test', '/x/..%20/secret%3Fx'],
  ])('is 404 at %s: %s', (host, path) => {
    expect(find(host, `GET ${path}`)).toBe(404);
  });

  it.each([
    ['b.test', '/Admin/x', '* /{path**}'],
    ['b.test', '/shown', '* /shown'],
    ['b.test', '/keys', '* /{path**}'],
    ['b.test', '/Secret/x', 404],
    ['c.test', '/secret/x', 'c.test * /secret/{x**}'],
  ])('is not affected by routes that %s cannot reach: %s', (host, path, expected) => {
    expect(find(host, `GET ${path}`)).toBe(expected);
  });
});
