import { describe, expect, it } from 'vitest';
import { accessOf, load, onRoute, problemsOf, VALID, withRoute } from './planted.js';

describe('the access of a route', () => {
  it.each([
    [
      'upgrade: 1',
      [
        '6:5: the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one',
        '8:5: unknown key "upgrade"',
      ],
    ],
    [
      'public: false',
      ['6:5: the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one'],
    ],
    ['public: 5', ['8:13: "public" must be true or false']],
    [
      'scope: a\n    public: true',
      ['9:5: the route has both "scope" and "public: true"; remove one of them'],
    ],
    [
      'public: true\n    issuer: main',
      ['9:5: "issuer" means nothing on a public route, which reads no token'],
    ],
    ['scope_key: a', ['8:5: unknown key "scope_key"; did you mean "scope"?']],
    ['pubic: true', ['8:5: unknown key "pubic"; did you mean "public"?']],
    [
      'scope: "a b"',
      ['8:12: "a b" is not a scope; write [a, b] for all of them, or {any: [a, b]} for one of them'],
    ],
    [
      'scope: a,b',
      ['8:12: "a,b" is not a scope; write [a, b] for all of them, or {any: [a, b]} for one of them'],
    ],
    [
      'scope: a\n    issuer: main, other',
      ['9:13: "main, other" is not an issuer\'s name; write a list: [main, other]'],
    ],
    ['scope: []', ['8:5: "scope" must not be an empty list']],
    ['scope: {any: [a], all: [b]}', ['8:5: "scope" must have either "any" or "all"']],
    ['scope: {}', ['8:5: "scope" must have either "any" or "all"']],
    [
      'scope: {an: [a]}',
      ['8:5: "scope" must have either "any" or "all"', '8:13: unknown key "an"; did you mean "any"?'],
    ],
    [
      'scope: 5',
      ['8:12: "scope" must be a scope, a list of scopes (all of them), {any: [...]} or {all: [...]}'],
    ],
    ['scope: a\n    issuer: man', ['9:13: unknown issuer "man"; did you mean "main"?']],
    ['scope: a\n    issuer: [main, zzz]', ['9:20: unknown issuer "zzz"; there are: main']],
    ['scope: a\n    issuer: []', ['9:5: "issuer" must not be an empty list']],
    ['scope: a\n    issuer: 5', ['9:13: "issuer" must be an issuer\'s name or a list of them']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(accessOf(written))).toEqual(problems);
  });

  it.each([
    'public: true',
    'scope: none',
    'scope: none\n    issuer: main',
    'scope: [a, b]',
    'scope: ["a,b"]',
    'scope: {all: [a, b]}',
    'scope: a\n    issuer: [main]',
    'scope: a\n    public: false',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(accessOf(written))).toEqual([]);
  });
});

describe('scope: none', () => {
  it('is any valid token, and in a list a scope of that name', async () => {
    const requirementOf = async (written: string) => {
      const [route] = (await load(accessOf(written))).settings.routes;
      return route?.access.kind === 'scoped' ? route.access.requirement : undefined;
    };
    expect(await requirementOf('scope: none')).toEqual({ mode: 'all', scopes: [] });
    expect(await requirementOf('scope: [none]')).toEqual({ mode: 'all', scopes: ['none'] });
    expect(await requirementOf('scope: {any: [none, a]}')).toEqual({ mode: 'any', scopes: ['none', 'a'] });
  });

  it('is not the same as no scope', async () => {
    expect(await problemsOf(accessOf('scope:'))).not.toEqual([]);
    expect(await problemsOf(accessOf('scope: []'))).not.toEqual([]);
    expect(await problemsOf(accessOf('scope: none\n    public: true'))).toEqual([
      '9:5: the route has both "scope" and "public: true"; remove one of them',
    ]);
  });
});

describe('a key of a route', () => {
  it.each([
    ['scope_key: x', ['9:5: unknown key "scope_key"; did you mean "scope"?']],
    ['zzz: 1', ['9:5: unknown key "zzz"']],
    ['idle_timeout: 3s', ['9:5: unknown key "idle_timeout" here; it belongs in an upstream']],
    ['timeout: 3', ['9:14: "timeout" must be a duration such as 500ms, 30s, 2m, 1h or 1d']],
    ['timeout: 0s', ['9:14: "timeout" must be at least 1ms']],
    ['rewrite: /v1/{id}', ["9:14: unknown placeholder {id}; the route's match has none"]],
    ['rewrite: /v1/$1', ['9:14: "$1" means nothing here; a part of the match is named: rewrite: /v1/{rest}']],
    [
      'rewrite: /v1/:id',
      ['9:14: ":id" is no placeholder; write "/v1/{id}", or %3Aid for these very characters'],
    ],
    ['rewrite: /v1/*', ['9:14: "*" is no placeholder; write "/v1/{rest}", or %2A for these very characters']],
    [
      'rewrite: /v1$request_uri',
      ['9:14: "$request_uri" means nothing here; a part of the match is named: rewrite: /v1/{rest}'],
    ],
    ['rewrite: v1', ['9:14: "rewrite" must be a path such as /v1/{path}']],
    ['rewrite: "/{x*}"', ['9:14: "rewrite" must name a placeholder without its "*": {x}']],
    ['rewrite: /a/../b', ['9:14: the segment ".." is "." or "..", which the gateway refuses']],
    [
      'rewrite: /a%2Fb',
      ['9:14: the path has "%2F", which is refused unless the route says allow_encoded_slash: true'],
    ],
    [
      'rewrite: /a;b',
      ['9:14: the path has ";", which is refused unless the file says allow_semicolon: true'],
    ],
    ['rewrite: /a?b', ['9:14: the segment "a?b" has a "\\", "#" or "?", which no path may have']],
    ['on_failure: never', ['9:17: "on_failure" must be local, open or closed']],
    ['max_body: 10', ['9:15: "max_body" must be a size such as 512kb or 10mb']],
    ['cors: {origins: 5}', ['9:21: "origins" must be a list of origins']],
    ['allow_encoded_slash: 1', ['9:26: "allow_encoded_slash" must be true or false']],
    ['expect: {}', ['9:5: "expect" must be a list of cases {host, method, path, scopes, claims, status}']],
    ['expect: [{path: x, status: 200}]', ['9:21: "path" must be a path that begins with "/"']],
    ['expect: [{path: /x, status: 2000}]', ['9:33: "status" must be a whole number from 100 to 599']],
    ['expect: [{path: /x}]', ['9:14: missing key "status"']],
    [
      'expect: [{path: /x, status: 200, scopes: a}]',
      ['9:46: "scopes" must be a list of scopes, such as ["notarization:read"]'],
    ],
    [
      'expect: [{path: /x, status: 200, scopes: ["a b"]}]',
      ['9:47: "a b" is no scope; use visible ASCII characters without spaces, quotes and "\\"'],
    ],
    ['expect: [{path: /x, status: 200, method: get}]', ['9:46: unknown method "get"; did you mean "GET"?']],
    ['expect: [{path: /x, status: 200, scope: []}]', ['9:38: unknown key "scope"; did you mean "scopes"?']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onRoute(written))).toEqual(problems);
  });

  it.each([
    'rewrite: /v1/%7Euser/',
    'timeout: 5s',
    'rewrite: /odata/$metadata',
    'rewrite: /a%2Fb\n    allow_encoded_slash: true',
    'expect: [{path: /a//b, status: 400, method: TRACE}]',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onRoute(written))).toEqual([]);
  });
});

describe('a rewrite with the groups of a regular expression', () => {
  it('is reported with the names that the match has', async () => {
    const route = '{match: "GET /b/{one}/{two*}", upstream: api, scope: a, rewrite: "/v1/$2/$1"}';
    expect(await problemsOf(withRoute(route))).toEqual([
      '9:70: "$2" means nothing here; a part of the match is named: rewrite: /v1/{two}/{one}',
    ]);
  });
});

describe('another route', () => {
  it.each([
    [
      '{match: GET /a, upstream: api, scope: a}',
      ['9:13: the same shape and method (GET) as "GET /a" in line 6'],
    ],
    [
      '{match: "GET,POST /a", upstream: api, scope: a}',
      ['9:13: the same shape and method (GET) as "GET /a" in line 6'],
    ],
    [
      '{match: "GET /%61", upstream: api, scope: a}',
      ['9:13: the same shape and method (GET) as "GET /a" in line 6'],
    ],
    [
      '{match: "* /b/{x}", upstream: api, scope: a}\n  - {match: "* /b/{y}", upstream: api, scope: a}',
      ['10:13: the same shape and method (*) as "* /b/{x}" in line 9'],
    ],
    ['{match: GET /b, upstream: apo, scope: a}', ['9:31: unknown upstream "apo"; did you mean "api"?']],
    ['{match: GET /b, upstream: zzz, scope: a}', ['9:31: unknown upstream "zzz"; there are: api']],
    ['{match: GET /b, upsteam: api, scope: a}', ['9:21: unknown key "upsteam"; did you mean "upstream"?']],
    ['{match: GET /b, scope: a}', ['9:5: missing key "upstream"']],
    ['{upstream: api, scope: a}', ['9:5: missing key "match"']],
    ['5', ['9:5: "routes" must be keys with values']],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(withRoute(written))).toEqual(problems);
  });

  it.each([
    '{match: "* /a", upstream: api, scope: a}',
    '{match: "GET /{a}", upstream: api, scope: a}',
    '{match: "HEAD /a", upstream: api, scope: a}',
    '{match: "GET /a/", upstream: api, scope: a}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(withRoute(written))).toEqual([]);
  });
});

describe('the conditions of a route', () => {
  const withParameter = (require: string): string =>
    `${VALID}  - match: GET /orgs/{org}/{rest**}\n    upstream: api\n    scope: none\n    require: ${require}\n`;

  it('are compiled, and their claims are kept', async () => {
    const text = withParameter('[{claim: org_id, is: "{org}"}, {claim: [a, b], has: [x, 7]}]');
    const { settings } = await load(text);
    expect(settings.routes[1]?.require).toEqual([
      { path: ['org_id'], name: 'org_id', test: 'is', values: [], parameter: 'org' },
      { path: ['a', 'b'], name: expect.any(String), test: 'has', values: ['x', 7] },
    ]);
    expect(settings.keptClaims).toEqual(['org_id', 'a']);
  });

  it.each([
    [
      '[{claim: a, is: "{orgs}"}]',
      ["12:30: unknown path parameter {orgs}; of those with one segment the route's match has {org}"],
    ],
    [
      '[{claim: a, has: "{rest}"}]',
      ["12:31: unknown path parameter {rest}; of those with one segment the route's match has {org}"],
    ],
    ['[]', ['12:5: "require" must not be an empty list']],
    ['[{claim: a}]', ['12:15: "require" must have one of "is", "has" and "absent"']],
  ])('written %s are refused', async (require, problems) => {
    expect(await problemsOf(withParameter(require))).toEqual(problems);
  });

  it('need a token', async () => {
    expect(await problemsOf(accessOf('public: true\n    require: [{claim: a, is: b}]'))).toEqual([
      '9:5: "require" means nothing on a public route, which reads no token',
    ]);
    expect(await problemsOf(accessOf('require: [{claim: a, is: b}]'))).toEqual([
      '6:5: the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one',
    ]);
  });
});

describe('the response headers of a route', () => {
  it('are compiled', async () => {
    const text = onRoute('response_headers: {set: {Cache-Control: no-store, Vary: X-A}, remove: [Server]}');
    expect((await load(text)).settings.routes[0]?.responseHeaders).toEqual({
      set: [
        ['Cache-Control', 'no-store'],
        ['Vary', 'X-A'],
      ],
      replaced: new Set(['cache-control', 'server']),
    });
  });

  it.each([
    ['{set: {Connection: close}}', 'Connection'],
    ['{set: {Transfer-Encoding: x}}', 'Transfer-Encoding'],
    ['{set: {content-length: "5"}}', 'content-length'],
    ['{set: {Trailer: x}}', 'Trailer'],
    ['{set: {Proxy-Authenticate: x}}', 'Proxy-Authenticate'],
    ['{set: {X-Request-Id: x}}', 'X-Request-Id'],
    ['{set: {X-RateLimit-Limit: "5"}}', 'X-RateLimit-Limit'],
  ])('with %s are refused, since the gateway sets the field', async (written, name) => {
    expect(await problemsOf(onRoute(`response_headers: ${written}`))).toEqual([
      `9:30: "${name}" is set by the gateway itself and cannot be changed here`,
    ]);
  });

  it.each([
    [
      '{set: {Access-Control-Allow-Origin: x}}',
      ['9:30: "Access-Control-Allow-Origin" belongs to the key "cors" and cannot be set here'],
    ],
    ['{set: {"a b": x}}', ['9:30: "a b" is not the name of a header field']],
    ['{set: {A: x, a: y}}', ['9:39: "a" is set twice; names do not differ by case']],
    [
      '{set: {A: "{claims.sub}"}}',
      ['9:33: "A" must be a fixed text; a claim can only be sent to an upstream, by its "headers.set"'],
    ],
    ['{set: {A: "é"}}', ['9:33: "A" must be visible ASCII']],
    ['{set: {A: "a\\r\\nB: c"}}', ['9:33: "A" must be visible ASCII']],
    ['{remove: [Upgrade]}', ['9:33: "Upgrade" is set by the gateway itself and cannot be changed here']],
    ['{remove: ["X-*"]}', ['9:33: "X-*" is no pattern: fields are named one by one']],
    ['{add: {A: b}}', ['9:24: unknown key "add"']],
  ])('written %s are refused', async (written, problems) => {
    expect(await problemsOf(onRoute(`response_headers: ${written}`))).toEqual(problems);
  });
});
