import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

/** The route of a request target, or the status of the refusal. */
function finder(routes: readonly (string | Route)[], allowSemicolon = false) {
  const match = matcherOf(
    routes.map((route) => (typeof route === 'string' ? routeOf(route) : route)),
    { allowSemicolon },
  );
  return (request: string): string | number => {
    const found = match(headOf(request));
    return found instanceof Refusal ? found.status : found.route.match;
  };
}

describe('The most specific route wins', () => {
  const routes = [
    '* /{all*}',
    'GET /users/{id}',
    'GET /users/me',
    '* /users/me',
    'GET /users/{id}/keys',
    'GET /users/{rest*}',
    'GET /{any}/me/keys',
  ];
  it.each([
    ['GET /users/me', 'GET /users/me'],
    ['PUT /users/me', '* /users/me'],
    ['GET /users/5', 'GET /users/{id}'],
    ['PUT /users/5', '* /{all*}'],
    ['GET /users/me/keys', 'GET /users/{id}/keys'],
    ['GET /other/me/keys', 'GET /{any}/me/keys'],
    ['GET /users/5/a/b', 'GET /users/{rest*}'],
    ['GET /x', '* /{all*}'],
    ['GET /', 404],
  ])('for %s: %s', (request, expected) => {
    expect(finder(routes)(request)).toBe(expected);
    expect(finder(routes.toReversed())(request)).toBe(expected);
  });

  it('by its path first and then by its method: * on a literal precedes GET on a placeholder', () => {
    expect(finder(['GET /users/{id}', '* /users/me'])('GET /users/me')).toBe('* /users/me');
  });

  it('among those that have the method: DELETE /users/me goes to the route of DELETE /users/{id}', () => {
    const find = finder(['GET /users/me', 'DELETE /users/{id}', 'GET /users/{id}/a', 'DELETE /{x}/me/a']);
    expect(find('DELETE /users/me')).toBe('DELETE /users/{id}');
    expect(find('GET /users/me')).toBe('GET /users/me');
    expect(find('DELETE /users/me/a')).toBe('DELETE /{x}/me/a');
  });
});

describe('A literal', () => {
  it('matches by its fully decoded text, and is forwarded as it was sent', () => {
    const match = matcherOf([routeOf('GET /users/@admin'), routeOf('GET /caf%C3%A9')], {
      allowSemicolon: false,
    });
    expect(match(headOf('GET /users/%40admin'))).toMatchObject({ path: '/users/%40admin' });
    expect(match(headOf('GET /users/@admin'))).toMatchObject({ path: '/users/@admin' });
    expect(match(headOf('GET /%75sers/@%61dmin'))).toMatchObject({ path: '/users/@admin' });
    expect(match(headOf('GET /caf%c3%a9'))).toMatchObject({ path: '/caf%c3%a9' });
  });

  it('is matched before a placeholder in any encoding', () => {
    const find = finder(['GET /users/@admin', 'GET /users/{id}']);
    expect(find('GET /users/%40admin')).toBe('GET /users/@admin');
    expect(find('GET /users/%40Admin')).toBe(404);
  });

  it('may have the name of a property of every object', () => {
    expect(finder(['GET /__proto__/constructor'])('GET /__proto__/constructor')).toBe(
      'GET /__proto__/constructor',
    );
    expect(finder(['GET /a'])('GET /__proto__')).toBe(404);
  });
});

describe('A placeholder', () => {
  it.each([
    ['GET /files', 404],
    ['GET /files/', 404],
    ['GET /files/a', '* /files/{path*}'],
    ['GET /files/a/', '* /files/{path*}'],
    ['GET /files/a/b/c', '* /files/{path*}'],
    ['GET /items/', 404],
    ['GET /items/5', 'GET /items/{id}'],
    ['GET /items/5/', 404],
    ['GET /items/5/6', 404],
  ])('matches no empty segment: %s is %s', (request, expected) => {
    expect(finder(['* /files/{path*}', 'GET /items/{id}'])(request)).toBe(expected);
  });
});

describe('A path that differs from a more specific route', () => {
  const find = finder(['GET /users/me', 'GET /Teams/All/', 'GET /users/{id}', '* /{rest*}']);
  it.each([
    ['only in case', 'GET /users/ME'],
    ['only in the case of an encoded letter', 'GET /users/%4De'],
    ['only in the case of a letter that has two lower ones', 'GET /u%C5%BFers/me'],
    ['only in a trailing slash that it has', 'GET /users/me/'],
    ['only in a trailing slash that it has not', 'GET /Teams/All'],
    ['in both', 'GET /TEAMS/all'],
    ['only in case before a placeholder', 'GET /Users/5'],
    ['only in a trailing slash after a placeholder', 'GET /users/5/'],
    ['by HEAD as by GET', 'HEAD /users/ME'],
  ])("%s is 404, never the looser one's: %s", (_, request) => {
    expect(find(request)).toBe(404);
  });

  it('in more than that matches the looser one', () => {
    expect(find('GET /users/you')).toBe('GET /users/{id}');
    expect(find('GET /users/me/you')).toBe('* /{rest*}');
  });

  it('of another method matches the looser one', () => {
    expect(find('PUT /users/ME')).toBe('* /{rest*}');
  });

  it('is 405 for a method of no route, if the looser one has others', () => {
    expect(find('TRACE /users/ME')).toBe(405);
  });

  it('is 404 for every method if its only route is such a looser one', () => {
    const others = finder(['GET /users/me', 'GET /users/{id}', 'POST /users/me']);
    expect(others('POST /users/ME')).toBe(404);
    expect(others('POST /users/5')).toBe(405);
  });

  it('matches a route with exactly its spelling', () => {
    const both = finder(['GET /users/me', 'GET /users/ME', 'GET /users/me/', 'GET /users/{id}']);
    for (const path of ['/users/me', '/users/ME', '/users/me/'])
      expect(both(`GET ${path}`)).toBe(`GET ${path}`);
    expect(both('GET /users/Me')).toBe(404);
  });

  it('only after a semicolon is 404 too, if semicolons are allowed', () => {
    const allowing = finder(['GET /users/me', 'GET /users/{id}', 'GET /a;b/{x}'], true);
    expect(allowing('GET /users/me;v=1')).toBe(404);
    expect(allowing('GET /users/ME;v=1')).toBe(404);
    expect(allowing('GET /users/you;v=1')).toBe('GET /users/{id}');
    expect(allowing('GET /a;b/5')).toBe('GET /a;b/{x}');
    expect(allowing('GET /a;b/5;v=1')).toBe('GET /a;b/{x}');
  });
});

describe('The methods', () => {
  const match = matcherOf(
    [
      routeOf('GET,POST /a'),
      routeOf('PURGE /a'),
      routeOf('* /any'),
      routeOf('PUT /{x}'),
      routeOf('HEAD /h'),
      routeOf('GET /h'),
    ],
    { allowSemicolon: false },
  );

  it('that some route of the path has are listed in Allow, sorted, with HEAD if GET is', () => {
    expect(match(headOf('DELETE /a'))).toMatchObject({
      status: 405,
      headers: ['Allow', 'GET, HEAD, POST, PURGE, PUT'],
    });
    expect(match(headOf('GET /b'))).toMatchObject({ status: 405, headers: ['Allow', 'PUT'] });
  });

  it('are case-sensitive', () => {
    expect(match(headOf('get /a'))).toMatchObject({ status: 405 });
  });

  it.each(['TRACE', 'CONNECT'])('never have %s, under * too', (method) => {
    expect(match(headOf(`${method} /any`))).toMatchObject({
      status: 405,
      headers: ['Allow', 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PURGE, PUT'],
    });
    expect(match(headOf(`${method} /nowhere/at/all`))).toMatchObject({ status: 404 });
    const naming = matcherOf([routeOf(`${method},GET /x`)], { allowSemicolon: false });
    expect(naming(headOf(`${method} /x`))).toMatchObject({ status: 405, headers: ['Allow', 'GET, HEAD'] });
  });

  it('include HEAD on a GET route, if no route names it', () => {
    expect(match(headOf('HEAD /a'))).toMatchObject({ route: { match: 'GET,POST /a' } });
    expect(match(headOf('HEAD /h'))).toMatchObject({ route: { match: 'HEAD /h' } });
    expect(match(headOf('HEAD /any'))).toMatchObject({ route: { match: '* /any' } });
  });

  it('may be any under *', () => {
    expect(match(headOf('PROPFIND /any'))).toMatchObject({ route: { match: '* /any' } });
  });
});

describe('An encoded slash', () => {
  const find = finder([
    routeOf('GET /open/{id}', { allowEncodedSlash: true }),
    'POST /open/{id}',
    'GET /closed/{id}',
    'GET /closed/a%2Fb',
  ]);
  it.each([
    ['GET /open/a%2Fb', 'GET /open/{id}'],
    ['GET /open/a%2fb', 'GET /open/{id}'],
    ['POST /open/a%2Fb', 400],
    ['PUT /open/a%2Fb', 405],
    ['GET /closed/x%2Fb', 400],
    ['GET /closed/a%2Fb', 400],
    ['PUT /closed/a%2Fb', 400],
    ['GET /nowhere/a%2Fb', 400],
    ['GET /open/..%2Fb', 400],
  ])('matches only routes that allow it: %s is %s', (request, expected) => {
    expect(find(request)).toBe(expected);
  });

  it('is part of one segment, and is forwarded as it was sent', () => {
    const match = matcherOf([routeOf('GET /open/{id}', { allowEncodedSlash: true })], {
      allowSemicolon: false,
    });
    expect(match(headOf('GET /open/a%2fb'))).toMatchObject({ path: '/open/a%2fb' });
  });

  it('limits Allow to the methods of routes that allow it', () => {
    const match = matcherOf([routeOf('GET /a/{id}', { allowEncodedSlash: true }), routeOf('POST /a/{id}')], {
      allowSemicolon: false,
    });
    expect(match(headOf('PUT /a/b%2Fc'))).toMatchObject({ headers: ['Allow', 'GET, HEAD'] });
  });
});

describe('{name**} matches any number of segments, none among them', () => {
  const find = finder(['GET /files/{path**}']);
  it.each(['/files', '/files/', '/files/a', '/files/a/', '/files/a/b/c'])('%s', (path) => {
    expect(find(`GET ${path}`)).toBe('GET /files/{path**}');
    expect(find(`POST ${path}`)).toBe(405);
  });

  it.each(['/', '/file', '/filesx', '/x/files'])('but not another path: %s', (path) => {
    expect(find(`GET ${path}`)).toBe(404);
  });

  it('at the root: every path', () => {
    const all = finder(['GET /{path**}']);
    for (const path of ['/', '/a', '/a/', '/a/b']) expect(all(`GET ${path}`)).toBe('GET /{path**}');
  });

  it('after every other route that matches', () => {
    const all = finder([
      '* /a/{x**}',
      '* /a/{x*}',
      '* /a/{x}',
      '* /a/b',
      '* /a',
      '* /{x**}',
      '* /{x*}',
      '* /',
    ]);
    expect(all('GET /a/b')).toBe('* /a/b');
    expect(all('GET /a/c')).toBe('* /a/{x}');
    expect(all('GET /a/c/d')).toBe('* /a/{x*}');
    expect(all('GET /a')).toBe('* /a');
    expect(all('GET /c')).toBe('* /{x*}');
    expect(all('GET /')).toBe('* /');
    expect(finder(['* /{x**}', '* /{x}/{y**}'])('GET /a')).toBe('* /{x}/{y**}');
  });

  it('except a path that differs from a stricter route only by its slash: that is 404', () => {
    const all = finder([routeOf('* /files', { scope: { mode: 'all', scopes: ['a'] } }), '* /files/{path**}']);
    expect(all('GET /files')).toBe('* /files');
    expect(all('GET /files/')).toBe(404);
    expect(all('GET /Files/a')).toBe(404);
  });
});

describe('A rewrite', () => {
  it.each([
    ['GET /files/{path*}', '/v1/{path}', '/files/a/b%20c/', '/v1/a/b%20c/'],
    ['GET /users/{id}/keys/{key}', '/k/{key}/{id}', '/users/5/keys/%40x', '/k/%40x/5'],
    ['GET /users/{id}', '/{id}', '/users/%61%40', '/a%40'],
    ['GET /old', '/new/', '/old', '/new/'],
    ['GET /old/{id}', '/', '/old/5', '/'],
    ['GET /old/{id}', '/%41/{id}', '/old/5', '/A/5'],
    ['GET /{a}/{rest*}', '/{rest}', '/x/y/z', '/y/z'],
    ['GET /files/{path**}', '/v1/{path}', '/files', '/v1'],
    ['GET /files/{path**}', '/v1/{path}', '/files/', '/v1/'],
    ['GET /files/{path**}', '/v1/{path}', '/files/a', '/v1/a'],
    ['GET /files/{path**}', '/v1/{path}', '/files/a/b/', '/v1/a/b/'],
    ['GET /files/{path**}', '/{path}', '/files', '/'],
    ['GET /files/{path**}', '/{path}', '/files/', '/'],
    ['GET /files/{path**}', '/{path}/raw', '/files', '/raw'],
    ['GET /files/{path**}', '/{path}/raw', '/files/', '/raw'],
    ['GET /files/{path**}', '/{path}/raw', '/files/a', '/a/raw'],
    ['GET /files/{path**}', '/{path}/raw', '/files/a/', '/a/raw'],
    ['GET /files/{path**}', '/{path}/', '/files/a/', '/a/'],
    ['GET /files/{path*}', '/{path}/raw', '/files/a/b/', '/a/b/raw'],
    ['* /two/{a}/{path**}', '/{path}/z/{a}', '/two/q/x/', '/x/z/q'],
  ])('of %s to %s makes %s into %s', (rule, rewrite, path, expected) => {
    const match = matcherOf([routeOf(rule, { rewrite })], { allowSemicolon: false });
    expect(match(headOf(`GET ${path}?q=1`))).toMatchObject({ path: expected, query: '?q=1' });
  });

  it.each([
    ['/x//{path}', '/files/a', 'the path has an empty segment'],
    ['/../{path}', '/files/a', 'the path has a dot segment'],
    ['/x%2Fy/{path}', '/files/a', 'the path has an encoded slash'],
  ])('to %s follows the rules of every path', (rewrite, path, detail) => {
    const match = matcherOf([routeOf('GET /files/{path*}', { rewrite })], { allowSemicolon: false });
    expect(match(headOf(`GET ${path}`))).toMatchObject({ status: 400, detail });
  });

  it('without any segment is the root', () => {
    const match = matcherOf([{ ...routeOf('GET /a'), rewrite: [] }], { allowSemicolon: false });
    expect(match(headOf('GET /a'))).toMatchObject({ path: '/' });
  });

  it('that names an unknown placeholder is a bug, reported at load', () => {
    expect(() => matcherOf([routeOf('GET /a', { rewrite: '/{a}' })], { allowSemicolon: false })).toThrow(
      "GET /a: the rewrite's {a} is not a placeholder of the route",
    );
  });
});
