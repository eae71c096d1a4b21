import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/forward/exchange.js';
import { changeResponseFields, forwardedPrefix } from '../../src/forward/route-changes.js';
import type { RouteMatch } from '../../src/model/decision.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import type { Upstream } from '../../src/model/upstream.js';
import { headOf, matcherOf } from '../match/head-of.js';
import { routeOf } from '../model/route-of.js';
import { makeUpstream, targetAt } from '../support/route.js';

const TARGET = 'http://10.0.0.5:9002';

interface Setup {
  readonly upstream?: Partial<Upstream>;
  readonly prefix?: string | readonly string[];
  readonly trusted?: boolean;
  /** How the caller reaches the gateway; left out: http. */
  readonly scheme?: 'http' | 'https';
  /** What a surrounding application has added to the request. */
  readonly req?: object;
}

function exchangeOf(match: string, rewrite: string, path: string, setup: Setup = {}): Exchange {
  const route: Route = {
    ...routeOf(match, { rewrite }),
    upstream: makeUpstream({
      targets: [targetAt(TARGET), targetAt('http://10.0.0.6:9002')],
      ...setup.upstream,
    }),
  };
  const head = headOf(`GET ${path}`, 'api.test');
  const found = matcherOf([route], { allowSemicolon: false })(head);
  if (found instanceof Refusal) throw new Error(`${path} is refused: ${found.status}`);
  const prefixes = [setup.prefix ?? []].flat().flatMap((each) => ['X-Forwarded-Prefix', each]);
  return {
    head: {
      ...head,
      rawHeaders: [...head.rawHeaders, ...prefixes],
      viaTrustedProxy: setup.trusted ?? true,
      forwardedProto: setup.scheme ?? 'http',
    },
    admission: found satisfies RouteMatch,
    req: { url: path, ...setup.req },
  } as unknown as Exchange;
}

function translated(match: string, rewrite: string, path: string, location: string, setup?: Setup): string {
  const fields = changeResponseFields(['Location', location], exchangeOf(match, rewrite, path, setup));
  expect(fields).toHaveLength(2);
  return fields[1]!;
}

describe('X-Forwarded-Prefix', () => {
  it.each([
    ['GET /files/{path*}', '/{path}', '/files/a', '/files'],
    ['GET /files/{path**}', '/{path}', '/files', '/files'],
    ['GET /files/{path**}', '/v1/{path}', '/files/a/b', '/files'],
    ['GET /a/b/{path*}', '/b/{path}', '/a/b/x', '/a'],
    ['GET /orgs/{org}/files/{path*}', '/{path}', '/orgs/a%20b/files/x', '/orgs/a%20b/files'],
    ['GET /api/users/{id}', '/users/{id}', '/api/users/7', '/api'],
    ['GET /app/', '/', '/app/', '/app'],
    ['GET /app', '/', '/app', '/app'],
  ])('of %s with the rewrite %s, for %s, is %s', (match, rewrite, path, prefix) => {
    expect(forwardedPrefix(exchangeOf(match, rewrite, path))).toBe(prefix);
  });

  it.each([
    ['GET /{path*}', '/v1/{path}', '/a'],
    ['GET /users/{id}', '/users/{id}', '/users/7'],
    ['GET /{org}/files/{id}', '/{org}/{id}', '/a/files/7'],
    ['GET /files/{id}/raw', '/raw/{id}', '/files/7/raw'],
    ['GET /old', '/new', '/old'],
    ['GET /app/{path*}', '/', '/app/x'],
  ])('is absent where %s with the rewrite %s removes no prefix', (match, rewrite, path) => {
    expect(forwardedPrefix(exchangeOf(match, rewrite, path))).toBeUndefined();
  });

  it.each([
    ['/outer', true, '/outer/files'],
    ['/outer/', true, '/outer/files'],
    ['/a/b', true, '/a/b/files'],
    ['/outer', false, '/files'],
    ['outer', true, '/files'],
    ['//evil.test', true, '/files'],
    ['/a, /b', true, '/files'],
    ['/a/../b', true, '/files'],
    ['/', true, '/files'],
    [['/a', '/b'], true, '/files'],
  ])('follows that of a trusted proxy: %j, trusted %s', (prefix, trusted, expected) => {
    const exchange = exchangeOf('GET /files/{path*}', '/{path}', '/files/a', { prefix, trusted });
    expect(forwardedPrefix(exchange)).toBe(expected);
  });
});

describe('A Location', () => {
  const files = (location: string, setup?: Setup) =>
    translated('GET /files/{path**}', '/v1/{path}', '/files/a/b', location, setup);

  it.each([
    ['/v1/x/y', '/files/x/y'],
    ['/v1/x?a=/v1/y#z', '/files/x?a=/v1/y#z'],
    ['/v1', '/files'],
    ['/v1/', '/files/'],
    [`${TARGET}/v1/x?q=1`, '/files/x?q=1'],
    ['HTTP://10.0.0.5:9002/v1/x', '/files/x'],
    ['http://10.0.0.6:9002/v1/x', '/files/x'],
    ['//10.0.0.5:9002/v1/x', '/files/x'],
    ['http://user@10.0.0.5:9002/v1/x', '/files/x'],
    ['/v1/x/../y', '/files/y'],
    ['/v1/caf%C3%A9', '/files/caf%C3%A9'],
    ['../../v1/y', '/files/y'],
    ['http://api.test/v1/x', 'http://api.test/files/x'],
    ['https://API.test:443/v1/x', 'https://api.test/files/x'],
    ['/files/v1/x', '/files/x'],
  ])('%s that points at the target becomes %s', (location, expected) => {
    expect(files(location)).toBe(expected);
  });

  it.each([
    'https://login.example/v1/x',
    'http://10.0.0.5/v1/x',
    'https://10.0.0.5:9002/v1/x',
    'http://10.0.0.5:9002@evil.test/v1/x',
    'http://10.0.0.5:9002.evil.test/v1/x',
    '//evil.test/v1/x',
    '/\\evil.test/v1/x',
    '\\\\evil.test/v1/x',
    '/\t/evil.test/v1/x',
    'http://api.test:8443/v1/x',
    'http://api.test.evil.test/v1/x',
    'mailto:a@b.test',
    'javascript:alert(1)',
  ])('to another origin is left alone: %j', (location) => {
    expect(files(location)).toBe(location);
  });

  it.each([
    '',
    '?page=2',
    '#top',
    'c',
    './c',
    '../c',
    '/v2/x',
    '/v1x',
    '/login',
    '/v1//evil.test',
    '/v1/\\evil.test',
    'http://[',
  ])('that the caller can use, or that no path leads to, is left alone: %j', (location) => {
    expect(files(location)).toBe(location);
  });

  it.each([
    ['//api.test/v1/x?q=1', 'http', '//api.test/files/x?q=1'],
    ['//api.test/v1/x', 'https', '//api.test/files/x'],
    ['//API.test:443/v1/x', 'https', '//api.test/files/x'],
    ['//api.test:443/v1/x', 'http', '//api.test:443/v1/x'],
    ['//api.test:80/v1/x', 'https', '//api.test:80/v1/x'],
    ['//user@api.test/v1/x', 'https', '//api.test/files/x'],
    ['//api.test/login', 'https', '//api.test/login'],
  ] as const)('%s without a scheme, of a caller over %s, becomes %s', (location, scheme, expected) => {
    expect(files(location, { scheme })).toBe(expected);
  });

  it.each([
    ['/v1/\u00c3\u00a9?q=\u00c3\u00a9', '/files/%C3%A9?q=%C3%A9'],
    [`${TARGET}/v1/\u00e6\u009d\u00b1`, '/files/%E6%9D%B1'],
    ['/v1/\u00e9', '/v1/\u00e9'],
    ['/v1/\u00c0\u00af', '/v1/\u00c0\u00af'],
    ['/login/\u00c3\u00a9', '/login/\u00c3\u00a9'],
    ['https://login.example/\u00c3\u00a9', 'https://login.example/\u00c3\u00a9'],
  ])('with bytes beyond ASCII is read as UTF-8, otherwise left alone: %j', (location, expected) => {
    expect(files(location)).toBe(expected);
  });

  it('at the target whose path no request leads to loses the origin', () => {
    expect(files(`${TARGET}/login?x=1`)).toBe('/login?x=1');
    expect(files(`${TARGET}//evil.test/x`)).toBe(`${TARGET}//evil.test/x`);
  });

  it('gets the prefix of a trusted proxy too', () => {
    const setup = { prefix: '/outer' };
    expect(files('/v1/x', setup)).toBe('/outer/files/x');
    expect(files('http://api.test/v1/x', setup)).toBe('http://api.test/outer/files/x');
    expect(files('c', setup)).toBe('c');
    expect(files('/v1/x', { ...setup, trusted: false })).toBe('/files/x');
  });

  it.each([{ baseUrl: '/api', originalUrl: '/api/files/a/b' }, { originalUrl: '/api/files/a/b' }])(
    'gets the path at which an application has mounted the gateway: %j',
    (req) => {
      expect(files('/v1/x', { req })).toBe('/api/files/x');
      expect(files('/v1/x', { req, prefix: '/outer' })).toBe('/outer/api/files/x');
      expect(forwardedPrefix(exchangeOf('GET /files/{path**}', '/{path}', '/files/a/b', { req }))).toBe(
        '/api/files',
      );
      expect(files('/v1/x', { req: { baseUrl: '', originalUrl: '/files/a/b' } })).toBe('/files/x');
      expect(files('/v1/x', { req: { baseUrl: '//evil.test' } })).toBe('/files/x');
    },
  );

  it('of an upstream that uses X-Forwarded-Prefix stays as it is', () => {
    const stripped = (location: string, setup?: Setup) =>
      translated('GET /files/{path**}', '/{path}', '/files/a', location, setup);
    expect(stripped('/files/x')).toBe('/files/x');
    expect(stripped('/files')).toBe('/files');
    expect(stripped('/outer/files/x', { prefix: '/outer' })).toBe('/outer/files/x');
    expect(stripped('http://api.test/files/x')).toBe('http://api.test/files/x');
    expect(stripped('/x')).toBe('/files/x');
    expect(stripped('/')).toBe('/files/');
  });

  it('takes from the request what the rewrite leaves out', () => {
    const found = translated('GET /orgs/{org}/files/{path*}', '/{path}', '/orgs/acme/files/a', '/b');
    expect(found).toBe('/orgs/acme/files/b');
    expect(translated('GET /x/{id}/{name}', '/{name}/{id}', '/x/1/n', '/m/2')).toBe('/x/2/m');
    expect(translated('GET /old/{id}', '/new/{id}/{id}', '/old/1', '/new/2/2')).toBe('/old/2');
    expect(translated('GET /old/{id}', '/new/{id}/{id}', '/old/1', '/new/2/3')).toBe('/new/2/3');
    expect(translated('GET /f/{path**}', '/{path}/raw', '/f/a', '/b/c/raw')).toBe('/f/b/c');
    expect(translated('GET /f/{path**}', '/{path}/raw', '/f/a', '/raw')).toBe('/f');
  });

  it('with the caller as the Host of the upstream keeps the origin', () => {
    const setup = { upstream: { host: 'preserve' } } as const;
    expect(files('https://api.test/v1/x', setup)).toBe('https://api.test/files/x');
  });

  it('is never made to name another host or to have a dot segment', () => {
    const part = fc.constantFrom(
      '/',
      '\\',
      'v1',
      '..',
      '.',
      'evil.test',
      '%2F',
      '%2e%2e',
      '?',
      '#',
      ':',
      '@',
      '\t',
      TARGET,
      'http:',
      'a',
      ' ',
    );
    const location = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(location, fc.constantFrom('/{path}', '/v1/{path}', '/v1'), (sent, rewrite) => {
        const found = translated('GET /{path**}', rewrite, '/a/b', sent);
        if (found === sent || !URL.canParse(found, 'https://api.test/a/b')) return;
        expect(new URL(found, 'https://api.test/a/b').origin).toMatch(/^https:\/\/api\.test$/);
        expect(found).toMatch(/^\/(?![/\\])[!-~]*$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('that is translated leads to the path that the upstream meant', () => {
    const segment = fc.constantFrom('a', 'b%20c', 'v1', 'files', 'x.y');
    fc.assert(
      fc.property(
        fc.array(segment),
        fc.constantFrom('/{path}', '/v1/{path}', '/v1/x/{path}'),
        (segments, rewrite) => {
          const meant =
            [...rewrite.split('/').slice(1, -1), ...segments].map((each) => `/${each}`).join('') || '/';
          const setup = { trusted: false };
          const match = 'GET /files/{path**}';
          const found = translated(match, rewrite, '/files/a', `${TARGET}${meant}`, setup);
          if (meant === '/files' || meant.startsWith('/files/')) return;
          expect(exchangeOf(match, rewrite, found).admission.path).toBe(meant);
        },
      ),
    );
  });
});

it('Content-Location is translated too, every other field stays', () => {
  const exchange = exchangeOf('GET /files/{path*}', '/{path}', '/files/a');
  const fields = ['content-location', '/x', 'Link', '</x>', 'LOCATION', '/y', 'Location', '/z'];
  expect(changeResponseFields(fields, exchange)).toEqual([
    ...['content-location', '/files/x', 'Link', '</x>', 'LOCATION', '/files/y', 'Location', '/files/z'],
  ]);
});

it('response_headers remove and set fields of the upstream', () => {
  const exchange = exchangeOf('GET /files/{path*}', '/{path}', '/files/a');
  const route: Route = {
    ...exchange.admission.route,
    rewrite: undefined,
    responseHeaders: { set: [['Cache-Control', 'no-store']], replaced: new Set(['cache-control', 'server']) },
  };
  const fields = ['server', 'x', 'Cache-Control', 'public', 'CACHE-control', 'b', 'Location', '/x'];
  expect(changeResponseFields(fields, { ...exchange, admission: { ...exchange.admission, route } })).toEqual([
    ...['Location', '/x', 'Cache-Control', 'no-store'],
  ]);
});
