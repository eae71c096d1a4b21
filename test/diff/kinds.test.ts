/** One change of each kind: what is loosened, and in which words. */
import { describe, expect, it } from 'vitest';
import { changesOf, KEYS, linesOf, put, type File, type Part } from './compare.js';

type Case = readonly [
  what: string,
  change: (file: File) => unknown,
  line: RegExp,
  prepare?: (file: File) => unknown,
];

const route = (file: File, index: number) => file.routes[index]!;
const set = (index: number, values: Part) => (file: File) => put(route(file, index), values);
const inMain = (values: Part) => (file: File) => put(file.issuers.main, values);
const add = (values: Part) => (file: File) => file.routes.push({ upstream: 'files', ...values });
const inFile = (values: Part) => (file: File) => put(file, values);

const ROUTES: readonly Case[] = [
  [
    'a scope dropped',
    set(0, { scope: 'orders:read' }),
    /^GET \/orders\/\{id\}: needs scope orders:read instead of/,
  ],
  [
    'all → any',
    set(0, { scope: { any: ['orders:read', 'sso'] } }),
    /needs scopes orders:read or sso instead/,
  ],
  ['an alternative added', set(1, { scope: { any: ['orders:write', 'admin', 'x'] } }), /or x instead/],
  [
    'public',
    set(2, { public: true, scope: undefined, require: undefined }),
    /needs no token instead of scope files:read/,
  ],
  ['scope: none', set(2, { scope: 'none' }), /needs any valid token instead of scope files:read/],
  ['a scope in shadow', set(2, { shadow: true }), /needs any valid token .*; its scope is in shadow$/],
  ['a condition dropped', set(2, { require: undefined }), /"org is \{org\}" is no longer needed$/],
  [
    'a condition in shadow',
    set(2, { require: [{ claim: 'org', is: '{org}', shadow: true }] }),
    /"org is \{org\}" is no longer needed; it is in shadow$/,
  ],
  [
    'a value added to a condition',
    set(2, { require: [{ claim: 'org', is: ['a', 'b'] }] }),
    /require: "org is a or b" is needed instead of "org is a"$/,
    set(2, { require: [{ claim: 'org', is: 'a' }] }),
  ],
  [
    'another test of a claim',
    set(2, { require: [{ claim: 'org', has: 'a' }] }),
    /"org has a" is needed instead of "org is a"$/,
    set(2, { require: [{ claim: 'org', is: 'a' }] }),
  ],
  [
    'one of two conditions on a claim',
    set(2, { require: [{ claim: 'groups', has: 'b' }] }),
    /"groups has a" is no longer needed$/,
    set(2, { require: ['a', 'b'].map((has) => ({ claim: 'groups', has })) }),
  ],
  ['an issuer of a route added', set(0, { issuer: ['main', 'other'] }), /tokens of other are accepted too/],
  [
    'a host added',
    set(3, { host: ['files.test', '*.files.test', 'more.test'] }),
    /hosts: files.test, \*.files.test, more.test instead/,
  ],
  ['a host changed', set(3, { host: 'more.test' }), /hosts: more.test instead of files.test/],
  ['no host instead of some', set(3, { host: undefined }), /hosts: any instead of/],
  ['%2F', set(3, { allow_encoded_slash: true }), /paths with %2F are accepted/],
  ['a larger body', set(0, { max_body: '20mb' }), /max_body: 20971520 bytes instead of 10485760/],
  ['on_failure: local', set(1, { on_failure: 'local' }), /on_failure: local instead of closed/],
  ['on_failure: open', set(0, { on_failure: 'open' }), /on_failure: open instead of local/],
  [
    'CORS of a route',
    set(0, { cors: { origins: ['*'] } }),
    /cors: \*, headers Authorization, Content-Type instead of https:\/\/\*\.example\.com/,
  ],
];

const LIMITS: readonly Case[] = [
  ['more requests', set(0, { limit: '11 per 2m' }), /limit: 11 per 2m instead of 10 per 2m/],
  ['a shorter window', set(0, { limit: '10 per 1m' }), /10 per 1m/],
  [
    'an interval that admits more',
    set(0, { limit: '100 per 1d' }),
    /100 per 1d instead of 10 per 2m: 100 in 2m/,
  ],
  ['halves that do not fit', set(0, { limit: '6 per 1m' }), /6 per 1m/],
  ['no limit', set(0, { limit: 'none' }), /no limit instead of 10 per 2m/],
  [
    'a limit in shadow',
    set(0, { limit: { requests: 10, window: '2m', shadow: true } }),
    /no limit instead of 10 per 2m; it is in shadow$/,
  ],
  [
    'more requests beside another limit',
    set(0, { limit: ['11 per 2m', '50 per 1h'] }),
    /11 per 2m, 50 per 1h instead of 10 per 2m, 50 per 1h$/,
    set(0, { limit: ['10 per 2m', '50 per 1h'] }),
  ],
  ['another subject', set(0, { limit: { requests: 10, window: '2m', by: 'ip' } }), /by ip instead/],
  [
    'each app instead of all',
    set(4, { limit: { requests: 10, window: '1m', by: 'ip' } }),
    /by ip instead of/,
  ],
  [
    'a share left',
    set(3, { limit: '10 per 1m' }),
    /\/files\/\{path\*\}: limit: 10 per 1m, counted apart, instead of 10 per 1m shared as files/,
    add({ match: 'GET /f', scope: 'files:read', limit: { requests: 10, window: '1m', share: 'files' } }),
  ],
  [
    'one route that becomes two',
    (file) => {
      set(3, { match: 'GET /files/{path*}', limit: '10 per 1m' })(file);
      add({ ...route(file, 3), match: 'POST /files/{path*}' })(file);
    },
    /10 per 1m/,
    set(3, { limit: '10 per 1m' }),
  ],
];

const TAKEOVERS: readonly Case[] = [
  [
    'a public route inside a scoped one',
    add({ match: 'GET /orders/new', public: true }),
    /^GET \/orders\/new: gets GET \/orders\/new from GET \/orders\/\{id\}: needs no token/,
  ],
  [
    'a wildcard host',
    add({ match: 'GET /files/a', host: '*.files.test', scope: 'none', limit: 'none' }),
    /gets GET http:\/\/x\.files\.test\/files\/a from/,
  ],
  [
    'a method of a route for any',
    add({ match: 'DELETE /files/{path*}', host: 'files.test', public: true }),
    /gets DELETE http:\/\/files\.test\/files\/x from/,
  ],
  [
    'a lower limit that counts apart',
    add({ match: 'GET /orders/new', scope: ['orders:read', 'sso'], issuer: 'main', limit: '1 per 2m' }),
    /: limit: 1 per 2m, counted apart, instead of 10 per 2m$/,
  ],
  ['HEAD beside GET', add({ match: 'HEAD /orders/{id}', public: true }), /gets HEAD \/orders\/x from GET/],
  [
    'a removed route',
    (file) => file.routes.splice(0, 1),
    /^GET \/\{rest\*\}: gets GET \/orders\/x from GET \/orders\/\{id\}: needs no token/,
    add({ match: 'GET /{rest*}', public: true }),
  ],
  [
    'a removed host',
    set(3, { host: 'files.test' }),
    /^\* \/files\/\{path\*\}: gets .* from/,
    add({ match: '* /files/{path*}', public: true }),
  ],
];

const ISSUERS: readonly Case[] = [
  [
    'an issuer added',
    (file) => (file.issuers['new'] = { ...file.issuers.other, issuer: 'https://new.test' }),
    /^issuer new: new issuer: tokens of https:\/\/new\.test/,
  ],
  [
    'an issuer changed',
    inMain({ issuer: 'https://new.test' }),
    /^issuer main: accepts tokens of https:\/\/new\.test instead of https:\/\/main\.test$/,
  ],
  ['an audience added', inMain({ audience: ['api', 'web', 'x'] }), /audience: aud api or web or x instead/],
  ['an audience changed', inMain({ audience: 'x' }), /audience: aud x instead/],
  ['no audience', inMain({ audience: false }), /audience: not checked instead/],
  [
    'the audience in another claim',
    inMain({ audience: { claim: 'client_id', any: ['api'] } }),
    /audience: client_id api/,
  ],
  ['grants widened', inMain({ grants: ['*'] }), /grants: \* instead of orders:\*, files:\*/],
  ['an algorithm added', inMain({ algorithms: ['RS256', 'PS256', 'ES256'] }), /algorithms: ES256 added/],
  ['require_exp: false', inMain({ require_exp: false }), /tokens that never expire are accepted/],
  ['clock_skew raised', inMain({ clock_skew: '31s' }), /clock_skew: 31s instead of 30s/],
  [
    'another key',
    inMain({ jwks: { keys: [KEYS.one, KEYS.three] } }),
    /keys: the JWKS in the file has 1 other/,
  ],
  [
    'another JWKS',
    (file) => (file.issuers.other['jwks'] = 'https://new.test/jwks'),
    /keys: the JWKS at https:\/\/new\.test\/jwks instead of the JWKS at https:\/\/other\.test\/jwks/,
  ],
  [
    'a secret instead of keys',
    inMain({ jwks: undefined, secret: 'q7Rk2mZx9Lw4Vt8Bn3Hc6Yp1Js5Df0Ga', algorithms: ['HS256'] }),
    /keys: a secret instead of/,
  ],
  [
    'a place of tokens added',
    inMain({ token_from: ['authorization', { header: 'X-Jwt' }, { cookie: 'session' }] }),
    /token_from: cookie session added/,
  ],
  [
    'token_types widened',
    inMain({ token_types: ['JWT', 'at+jwt', 'absent', 'JOSE'] }),
    /token_types: jose added/,
  ],
  [
    'a condition dropped',
    inMain({ require: [{ claim: 'use', is: 'access' }] }),
    /"tier is gold or silver" is no longer/,
  ],
  [
    'a condition widened',
    inMain({
      require: [
        { claim: 'use', is: ['access', 'id'] },
        { claim: 'tier', is: 'gold' },
      ],
    }),
    /"use is access or id" is needed instead of "use is access"$/,
  ],
  [
    'another app claim',
    inMain({ claims: { app: ['sub'], scope: { union: ['scope', 'roles'] } } }),
    /claims\.app: sub instead of azp, sub/,
  ],
  [
    'another scope claim',
    inMain({ claims: { app: { first: ['azp', 'sub'] }, scope: { union: ['scope', 'groups'] } } }),
    /claims\.scope/,
  ],
];

const REST: readonly Case[] = [
  [
    'trust_proxy widened',
    inFile({ trust_proxy: ['10.0.0.0/8', '192.168.0.0/16'] }),
    /^trust_proxy: 192\.168\.0\.0\/16 added/,
  ],
  ['a larger block', inFile({ trust_proxy: ['10.0.0.0/7'] }), /^trust_proxy: 10\.0\.0\.0\/7 added/],
  [
    'client_ip_header',
    inFile({ client_ip_header: 'CF-Connecting-IP' }),
    /^client_ip_header: the client's address is from CF-Connecting-IP/,
  ],
  [
    'an origin',
    inFile({ cors: { origins: ['https://*.example.com', 'https://a.test'], headers: ['X-Mine'] } }),
    /^cors: https:\/\/\*\.example\.com, https:\/\/a\.test/,
  ],
  [
    'credentials',
    inFile({ cors: { origins: ['https://*.example.com'], headers: ['X-Mine'], credentials: true } }),
    /^cors: .* with credentials/,
  ],
  [
    'a header field of pages',
    inFile({ cors: { origins: ['https://*.example.com'], headers: ['X-Mine', 'X-Other'] } }),
    /^cors: .*X-Other/,
  ],
  ['semicolons', inFile({ allow_semicolon: true }), /^allow_semicolon: paths with ";" are accepted/],
  ['older keys', inFile({ jwks_max_age: '1h' }), /^jwks_max_age: 1h instead of 10m/],
  ['keys of an unavailable issuer', inFile({ jwks_max_stale: '7d' }), /^jwks_max_stale: 7d instead of 1d/],
  [
    'a field that clients can send',
    (file) =>
      (file.upstreams['orders'] = { targets: ['http://127.0.0.1:9'], headers: { remove: ['X-Internal'] } }),
    /^upstreams: headers: x-email not from claims any more/,
  ],
  [
    'a field that is no longer removed',
    (file) =>
      (file.upstreams['orders'] = {
        targets: ['http://127.0.0.1:9'],
        headers: { set: { 'X-Email': '{claims.email}' } },
      }),
    /^upstream orders: headers\.remove: x-internal/,
  ],
];

describe.each([
  ['routes', ROUTES],
  ['limits', LIMITS],
  ['paths of other routes', TAKEOVERS],
  ['issuers', ISSUERS],
  ['the rest', REST],
])('%s', (_what, cases) => {
  it.each(cases.map(([what, change, line, prepare]) => ({ what, change, line, prepare })))(
    '$what is loosened',
    ({ change, line, prepare }) => {
      const loosened = linesOf(changesOf(change, prepare), 'loosened');
      expect(loosened).toContainEqual(expect.stringMatching(line));
    },
  );
});
