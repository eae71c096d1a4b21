import { describe, expect, it } from 'vitest';
import { load, onRoute, problemsOf, VALID } from './planted.js';

/** The valid file with another route at its end. */
const withRoutes = (...lines: string[]): string => `${VALID}${lines.map((each) => `  - ${each}\n`).join('')}`;

async function warningsOf(text: string): Promise<string[]> {
  return (await load(text)).warnings.map(({ line, column, text: words }) => `${line}:${column}: ${words}`);
}

describe('the host of a route', () => {
  it.each([
    ['api.example.com', ['api.example.com']],
    ['API.Example.com.', ['api.example.com']],
    ['"*.Example.com"', ['*.example.com']],
    ['[api.example.com, "*.example.com"]', ['api.example.com', '*.example.com']],
    ['bücher.example', ['xn--bcher-kva.example']],
    ['"*.bücher.example"', ['*.xn--bcher-kva.example']],
    ['xn--bcher-kva.example', ['xn--bcher-kva.example']],
    ['localhost', ['localhost']],
    ['10.0.0.5', ['10.0.0.5']],
    ['"[2001:DB8::0:1]"', ['[2001:db8::1]']],
    ['my_service', ['my_service']],
  ])('written %s is %j', async (written, hosts) => {
    const { settings } = await load(onRoute(`host: ${written}`));
    expect(settings.routes[0]?.hosts).toEqual(hosts);
    expect(settings.routes[0]?.label).toBe(`${hosts.join(',')} GET /a`);
  });

  it.each([
    ['5', ['9:11: "host" must be a host or a list of hosts']],
    ['""', ['9:11: "host" must be a host such as api.example.com or "*.example.com"']],
    ['[]', ['9:5: "host" must not be an empty list']],
    ['"*"', ['9:11: "host" must not be "*"; a route without "host" is for any host']],
    ['api.*', ['9:11: "host" must have its star as the whole first label: "*.example.com"']],
    ['"*example.com"', ['9:11: "host" must have its star as the whole first label: "*.example.com"']],
    ['a b', ['9:11: "a b" is not a host; write a list: [a, b]']],
    ['a.test,b.test', ['9:11: "a.test,b.test" is not a host; write a list: [a.test, b.test]']],
    ['a.test:8080', ['9:11: "host" must be a host without port, since ports are not compared: a.test']],
    ['"[::1]:8080"', ['9:11: "host" must be a host without port, since ports are not compared: "[::1]"']],
    ['"::1"', ['9:11: "host" must have brackets around an IPv6 address: "[::1]"']],
    ['"[::g]"', ['9:11: "host" must be an IPv6 address in brackets, such as "[2001:db8::1]"']],
    ['https://a.test/x', ['9:11: "host" must be a host without scheme and path: a.test']],
    ['a.test/x', ['9:11: "host" must be a host without a path; the path belongs in "match"']],
    ['a..test', ['9:11: "host" must be a host such as api.example.com or "*.example.com"']],
    ['[a.test, A.test.]', ['9:20: the host a.test stands twice']],
  ])('written %s is refused', async (written, problems) => {
    expect(await problemsOf(onRoute(`host: ${written}`))).toEqual(problems);
  });

  it('distinguishes routes and their counts', async () => {
    const text = withRoutes(
      'match: GET /a\n    host: a.test\n    upstream: api\n    scope: a\n    limit: 10 per 2m',
      'match: GET /a\n    host: ["*.a.test", b.test]\n    upstream: api\n    scope: a\n    limit: 10 per 2m',
    );
    const ids = (await load(text)).settings.routes.flatMap(({ limits }) => limits.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
    expect(
      await problemsOf(
        withRoutes(
          'match: GET /a\n    host: [a.test, b.test]\n    upstream: api\n    scope: a',
          'match: GET /a\n    host: B.test\n    upstream: api\n    scope: a',
        ),
      ),
    ).toEqual(['13:12: at b.test the same shape and method (GET) as "GET /a" in line 9']);
  });
});

describe('check warns of a public route at a host that goes before a route with a scope', () => {
  const open = (match: string, more = '') =>
    `match: ${match}\n    host: www.test\n    upstream: api\n    public: true${more}`;

  it.each(['GET /a', '"* /{path**}"', '"* /{path*}"', '"* /{x}"'])('with the match %s', async (match) => {
    expect(await warningsOf(withRoutes(open(match)))).toEqual([
      '9:12: at www.test this public route goes before "GET /a" in line 6, which needs a token elsewhere',
    ]);
  });

  it.each([
    ['another method', withRoutes(open('POST /a'))],
    ['a narrower path', withRoutes(open('GET /a/{path*}'))],
    [
      'another upstream',
      withRoutes(open('GET /a'))
        .replace('routes:', '  other: http://127.0.0.1:9\nroutes:')
        .replace('upstream: api\n    public', 'upstream: other\n    public'),
    ],
    ['another path at the upstream', withRoutes(open('GET /a', '\n    rewrite: /public'))],
    ['another host', withRoutes(open('GET /a')).replace('scope: a:read', 'scope: a:read\n    host: a.test')],
    [
      'a route between them that needs a token at its host',
      withRoutes(
        open('"* /{path**}"'),
        'match: GET /{x}\n    host: www.test\n    upstream: api\n    scope: b',
      ),
    ],
    [
      'named methods of its own path, which need a token at its host',
      withRoutes(open('"* /a"'), 'match: GET /a\n    host: www.test\n    upstream: api\n    scope: b'),
    ],
  ])('but not with %s', async (_what, text) => {
    expect(await warningsOf(text)).toEqual([]);
  });

  it.each([
    ['GET /a', '* /a'],
    ['GET /a/{x}', '* /a/{p**}'],
    ['GET,PUT /{x}/b', 'GET,POST /a/{y}'],
    ['"* /a/{p*}"', 'GET /{x}/{y}'],
  ])('where %s and %s have only some paths or methods together', async (match, guarded) => {
    expect(await warningsOf(withRoutes(open(match)).replace('GET /a', () => `"${guarded}"`))).toEqual([
      `9:12: at www.test this public route goes before "${guarded}" in line 6, which needs a token elsewhere`,
    ]);
  });

  it.each([
    ['GET /a/{x}', 'GET /a'],
    ['GET /a/{p*}', '* /a/'],
    ['GET /a/{p*}', '* /b/{p**}'],
    ['GET /{x}', '* /a/'],
  ])('but not where %s and %s have none', async (match, guarded) => {
    expect(await warningsOf(withRoutes(open(match)).replace('GET /a', () => `"${guarded}"`))).toEqual([]);
  });

  it('also of one with scope: none, against a route that needs a scope', async () => {
    const anyToken = open('GET /a').replace('public: true', 'scope: none');
    const text = withRoutes(anyToken);
    expect(await warningsOf(text)).toEqual([
      '9:12: at www.test this route with scope: none goes before "GET /a" in line 6, which needs a scope elsewhere',
    ]);
    expect(await warningsOf(text.replace('scope: a:read', 'scope: none'))).toEqual([]);
    expect(await warningsOf(withRoutes(`${anyToken}\n    require: [{claim: a, is: b}]`))).toEqual([]);
    expect(await warningsOf(withRoutes(open('GET /a')).replace('scope: a:read', 'scope: none'))).toHaveLength(
      1,
    );
  });
});

describe('check warns of a public route for more hosts than a route with a scope', () => {
  const guardedAt = (host: string, ...lines: string[]) =>
    withRoutes(...lines).replace('scope: a:read', `scope: a:read\n    host: ${host}`);
  const open = (match: string, more = '') => `match: ${match}\n    upstream: api\n    public: true${more}`;
  const OPENS = 'at other hosts this public route opens "GET /a" in line 6, which needs a token at';

  it.each(['"* /{path**}"', '"* /a"', 'GET /{x}', 'HEAD /a'])('that has %s', async (match) => {
    expect(await warningsOf(guardedAt('api.test', open(match)))).toEqual([`10:12: ${OPENS} api.test`]);
  });

  it('with a wildcard on either side', async () => {
    const wild = open('GET /{x}', '\n    host: "*.test"');
    expect(await warningsOf(guardedAt('api.test', wild))).toEqual([`10:12: ${OPENS} api.test`]);
    expect(await warningsOf(guardedAt('"*.api.test"', wild))).toEqual([`10:12: ${OPENS} *.api.test`]);
    expect(await warningsOf(guardedAt('"*.test"', open('GET /{x}')))).toEqual([`10:12: ${OPENS} *.test`]);
    expect(await warningsOf(guardedAt('api.other', wild))).toEqual([]);
  });

  it('also where it has scope: none', async () => {
    const anyToken = open('GET /a').replace('public: true', 'scope: none');
    expect(await warningsOf(guardedAt('api.test', anyToken))).toEqual([
      '10:12: at other hosts this route with scope: none opens "GET /a" in line 6, which needs a scope at api.test',
    ]);
  });

  it('but not where another route needs a token at the other hosts, or where they have nothing together', async () => {
    const other = 'match: GET /a\n    upstream: api\n    scope: b';
    expect(await warningsOf(guardedAt('api.test', open('"* /{path**}"'), other))).toEqual([]);
    expect(await warningsOf(guardedAt('api.test', open('"* /{path**}"', '\n    rewrite: /x')))).toEqual([]);
    expect(await warningsOf(guardedAt('api.test', open('GET /b')))).toEqual([]);
  });
});
