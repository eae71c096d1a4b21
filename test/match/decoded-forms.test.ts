import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodedForms } from '../../src/match/decoded-forms.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf, type RouteOptions } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const STRICT = { scope: { mode: 'all', scopes: ['admin'] } } as const;

/** The route of a request target, or the status of the refusal. */
function finder(allowEncodedSlash: boolean) {
  const routes = [
    routeOf('* /{path*}', { allowEncodedSlash }),
    routeOf('* /pub/{name}', { allowEncodedSlash }),
    routeOf('* /admin', STRICT),
    routeOf('* /admin/{rest*}', STRICT),
    routeOf('* /pub/{id}/keys', STRICT),
    routeOf('* /pub/secret', STRICT),
    routeOf('* /names/{name}', { ...STRICT, allowEncodedSlash }),
  ];
  const match = matcherOf(routes, { allowSemicolon: true });
  return (path: string): string | number => {
    const found = match(headOf(`GET ${path}`));
    return found instanceof Refusal ? found.status : found.route.match;
  };
}

describe('A path that a stricter route would match if it were decoded further', () => {
  const find = finder(true);

  it.each([
    '/admin%2Fusers',
    '/admin%2fusers%2f',
    '/ADMIN%2Fusers',
    '/x%2F..;%2Fadmin',
    '/pub/5%2Fkeys',
    '/pub%2F5%2Fkeys',
    '/admin%3Fx',
    '/admin%23x',
    '/admin%20',
    '/%20admin',
    '/admin.',
    '/admin.%20.',
    '/admin;v=1',
    '/admin%3Bv=1',
    '/pub/secret%C2%A0',
    '/admin%EF%BC%8Fusers',
    '/admin%E2%88%95users',
    '/admin%EF%BC%BCusers',
    '/%EF%BD%81dmin',
    '/adm%C2%ADin',
    '/pub/secre%EF%BC%85%37%34',
    '/x/..%20/admin',
    '/x/%EF%BC%8E%EF%BC%8E/admin',
    '/admin%2Fx%3Fy%EF%BC%8Fz',
    '/pub/secret%3F%2F..',
  ])('does not match the looser route: %s', (path) => {
    expect([404, 400, '* /admin', '* /admin/{rest*}', '* /pub/{id}/keys', '* /pub/secret']).toContain(
      find(path),
    );
  });

  it.each([
    ['/admin%2Fusers', 404],
    ['/admin%3Fx', 404],
    ['/admin.', 404],
    ['/admin/a%2Fb', 400],
    ['/admin/a.', '* /admin/{rest*}'],
    ['/admin/a%3Fb', '* /admin/{rest*}'],
  ])('%s: %s', (path, expected) => {
    expect(find(path)).toBe(expected);
  });

  it('is 400 for an encoded slash that no route allows, and 404 for the rest', () => {
    const strictly = finder(false);
    expect(strictly('/admin%2Fusers')).toBe(400);
    for (const path of ['/admin%3Fx', '/admin%20', '/admin.', '/admin%EF%BC%8Fusers'])
      expect(strictly(path)).toBe(404);
  });

  it.each([
    ['/a%20b', '* /{path*}'],
    ['/pub/a%2Fb', '* /pub/{name}'],
    ['/pub/caf%C3%A9', '* /pub/{name}'],
    ['/pub/a.', '* /pub/{name}'],
    ['/pub/50%25', '* /pub/{name}'],
    ['/names/a%2Fb', '* /names/{name}'],
    ['/names/a%3Fb', '* /names/{name}'],
    ['/names/%E6%9D%B1%E4%BA%AC', '* /names/{name}'],
    ['/docs/v1.2/a.b', '* /{path*}'],
  ])('is nothing of %s', (path, expected) => {
    expect(find(path)).toBe(expected);
  });

  it('never matches the looser route, in any spelling', () => {
    const strict = fc.constantFrom('/admin', '/admin/users', '/pub/5/keys', '/pub/secret');
    const respell = fc.constantFrom<(path: string) => string>(
      (path) => path.replace(/\/(?=[^/]*$)/, '%2F').replace(/^%2F/, '/'),
      (path) => path.replace(/\/(?=[^/]*$)/, '%EF%BC%8F').replace(/^%EF%BC%8F/, '/'),
      (path) => path.replace('i', '%EF%BD%89'),
      (path) => path.replace('e', 'e%E2%80%8B'),
      (path) => `${path}%3Fa=b`,
      (path) => `${path}%23a`,
      (path) => `${path};a=b`,
      (path) => `${path}%3Ba`,
      (path) => `${path}.`,
      (path) => `${path}%20`,
      (path) => `${path}%20.`,
      (path) => path.replace(/\/(?=[^/]*$)/, '%20/'),
      (path) => path.replace(/\/(?=[^/]*$)/, './').replace(/^\.\//, '/'),
      (path) => path.replace(/\/(?=[^/]*$)/, ';a/').replace(/^;a\//, '/'),
      (path) => `/x/..%20${path}`,
      (path) => `/x/y%2F..%20%2F..%20${path}`,
      (path) => path.toUpperCase().replace(/%[^%]{2}/g, (escape) => escape.toLowerCase()),
    );
    const finders = [finder(true), finder(false)];
    fc.assert(
      fc.property(strict, fc.array(respell, { minLength: 1, maxLength: 4 }), (path, respellings) => {
        const sent = respellings.reduce<string>((spelt, next) => next(spelt), path);
        for (const respelt of finders) expect(['* /{path*}', '* /pub/{name}']).not.toContain(respelt(sent));
      }),
    );
  });
});

describe('A path that a lenient server reads with another value for a condition', () => {
  const condition = { path: ['org_id'], name: 'org_id', test: 'is', values: [], parameter: 'org' } as const;
  const bound = (match: string, more: RouteOptions = {}): Route => ({
    ...routeOf(match, { allowEncodedSlash: true, scope: { mode: 'all', scopes: [] }, ...more }),
    require: [condition],
  });
  const routes = [
    bound('* /orgs/{org}/{path**}'),
    bound('* /orgs/{org}/docs/{id}/{path**}'),
    bound('* /mapped/{org}/{path**}', { rewrite: '/{org}/{path}' }),
    bound('* /by-host/{org}/{path**}', { hosts: ['api.example', 'other.example'] }),
    routeOf('* /open/{org}/{path**}', { allowEncodedSlash: true }),
  ];
  const match = matcherOf(routes, { allowSemicolon: true });
  const find = (path: string): string | number => {
    const found = match(headOf(`GET ${path}`));
    return found instanceof Refusal ? found.status : found.route.match;
  };

  it.each([
    '/orgs/a/..%20/b/secret',
    '/orgs/a/%EF%BC%8E%EF%BC%8E/b/s',
    '/orgs/a/%E2%80%A5/b',
    '/orgs/a/..%20%2Fb/x',
    '/orgs/a/x/..%20/..%20/b/s',
    '/orgs/a%2Fb/x',
    '/orgs/a./x',
    '/orgs/a;b/x',
    '/orgs/%EF%BD%81/x',
    '/orgs/a/docs/..%20/..%20/b/x',
    '/orgs/a/docs/5/..%20/..%20/..%20/b/docs/6',
    '/mapped/a/..%20/..%20/b/x',
    '/by-host/a/..%20/b/x',
  ])('is 404: %s', (path) => {
    expect(find(path)).toBe(404);
  });

  it.each([
    ['/orgs/a/x/..%20/y', '* /orgs/{org}/{path**}'],
    ['/orgs/a/x%2Fy./z;v=1/%3F', '* /orgs/{org}/{path**}'],
    ['/orgs/caf%C3%A9%20x/%E2%80%A5y', '* /orgs/{org}/{path**}'],
    ['/orgs/50%25/x', '* /orgs/{org}/{path**}'],
    ['/orgs/a/docs/5/x%2Fy', '* /orgs/{org}/docs/{id}/{path**}'],
    ['/by-host/a/x%2Fy', '* /by-host/{org}/{path**}'],
    ['/open/a/..%20/b/secret', '* /open/{org}/{path**}'],
    ['/open/a./x', '* /open/{org}/{path**}'],
  ])('is nothing of %s', (path, expected) => {
    expect(find(path)).toBe(expected);
  });
});

describe('A rewritten path in which a lenient server reads a dot segment', () => {
  const allowEncodedSlash = true;
  const match = matcherOf(
    [
      routeOf('* /files/{path**}', { rewrite: '/tenants/a/{path}', allowEncodedSlash }),
      routeOf('* /plain/{path**}', { allowEncodedSlash }),
    ],
    { allowSemicolon: true },
  );

  it.each(['/files/..%20/b', '/files/x/%E2%80%A5/y', '/files/x/..%20%2Fy', '/files/x%2F..;/b'])(
    'is refused: %s',
    (path) => {
      expect([400, 404]).toContain((match(headOf(`GET ${path}`)) as Refusal).status);
    },
  );

  it.each(['/files/a./b', '/files/a%2Fb', '/files/a..b/%20c', '/files/a%3F;b', '/plain/x/..%20/y'])(
    'is nothing of %s',
    (path) => {
      const sent = path.replace('/files', '/tenants/a');
      expect(match(headOf(`GET ${path}`))).toMatchObject({ matched: path, path: sent });
    },
  );
});

it('A path in plain characters has no other form', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[\w~!$&'()*+,=:@-][\w.~-]*[\w~-]$/), { minLength: 1 }),
      (texts) => {
        expect(decodedForms(`/${texts.join('/')}`)).toEqual([]);
      },
    ),
  );
});

it('The forms of a long path take bounded time and memory; a path with too many is 404', () => {
  const unit = '%2F%3B%EF%BC%8F;.%20%252.';
  const path = `/${unit.repeat(Math.floor(8192 / unit.length))}`;
  const costly = `/${'a%2Fb./%E2%88%95%20/'.repeat(400)}c;d/%3Fe`;
  const before = performance.now();
  expect(decodedForms(path)?.length).toBeLessThanOrEqual(128);
  expect(decodedForms(costly)).toBeUndefined();
  expect(finder(true)(costly)).toBe(404);
  expect(decodedForms(`/${'.'.repeat(8000)}x`)).toBeDefined();
  expect(decodedForms(`/${'%20'.repeat(2700)}x`)).toBeDefined();
  expect(performance.now() - before).toBeLessThan(100);
});

it('A long path with the escapes of ordinary names is matched normally', () => {
  const path = `/docs${'/%E6%97%A5%E6%9C%AC%20%28v1.2%29%2Fa'.repeat(200)}`;
  expect(finder(true)(path)).toBe('* /{path*}');
});
