/** Random configurations and requests for the property of `explain`. */
import fc from 'fast-check';
import { createTestIssuer, testIssuer, type TestIssuer } from '../../src/testing/test-issuer.js';
import { AUDIENCE_CLAIM } from '../../src/model/claim.js';
import { USUAL_TOKEN_TYPES } from '../../src/model/token-type.js';

const main = testIssuer({ issuer: 'https://main.test', audience: 'api', alg: 'ES256' });
/** Its tokens are in a header field. */
const other = testIssuer({ issuer: 'https://other.test', audience: false, alg: 'ES256' });
const foreign: TestIssuer = createTestIssuer({
  iss: 'https://foreign.test',
  audience: undefined,
  algorithms: ['ES256'],
  audienceClaim: AUDIENCE_CLAIM,
  claims: { app: [['sub']], scope: [['scope']] },
  require: [],
  tokenTypes: USUAL_TOKEN_TYPES,
});

const HOSTS = ['a.test', 'x.a.test', '*.a.test', 'b.test'] as const;
const SCOPES = ['r', 'w', 'x:1'] as const;

const segment = fc.constantFrom('a', 'b', 'C', '{x}', '{y}', 'a%40b');
const pathOfRoute = fc
  .tuple(
    fc.uniqueArray(segment, { minLength: 0, maxLength: 3 }),
    fc.constantFrom('', '', '/{r*}', '/{r**}', '/'),
  )
  .map(([segments, end]) => `/${segments.join('/')}${end}`.replace('//', '/'));
const scope = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ public: true }) },
  fc.constant({ scope: 'none' }),
  fc.subarray([...SCOPES], { minLength: 1 }).map((all) => ({ scope: all })),
  fc.subarray([...SCOPES], { minLength: 1 }).map((any) => ({ scope: { any } })),
);
const limit = fc.oneof(
  { weight: 2, arbitrary: fc.constant('none') },
  fc.constantFrom('1 per 1h', '2 per 1h', { requests: 2, window: '1h', by: 'ip' }),
  fc.constant([
    { requests: 3, window: '1h', by: 'route' },
    { requests: 2, window: '30m', by: 'ip' },
  ]),
);

const route = fc
  .record({
    hosts: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1, maxLength: 2 }),
    ),
    methods: fc.constantFrom('GET', 'POST', 'GET,POST', '*', 'OPTIONS'),
    path: pathOfRoute,
    access: scope,
    limit,
    issuer: fc.constantFrom(undefined, undefined, 'main', 'other'),
    requires: fc.constantFrom(undefined, undefined, 'is', 'param', 'absent'),
    rewrite: fc.boolean(),
    cors: fc.constantFrom(undefined, undefined, { origins: ['*'] }),
    encoded: fc.boolean(),
    shadow: fc.boolean(),
  })
  .map(
    ({ hosts, methods, path, access, limit: limits, issuer, requires, rewrite, cors, encoded, shadow }) => {
      const isPublic = 'public' in access;
      const parameter = /\{([xy])\}/.exec(path)?.[1];
      const rest = /\{(r\*{1,2})\}/.exec(path)?.[1]?.replaceAll('*', '');
      const condition =
        requires === 'param' && parameter !== undefined
          ? { claim: 'org', is: `{${parameter}}` }
          : requires === 'absent'
            ? { claim: 'org', absent: true }
            : requires === 'is'
              ? { claim: 'org', is: 'b' }
              : undefined;
      return {
        ...(hosts && { host: hosts }),
        match: `${methods} ${path}`,
        upstream: 'behind',
        ...access,
        limit: limits,
        ...(!isPublic && issuer !== undefined && { issuer }),
        ...(!isPublic && condition && { require: [condition] }),
        ...(!isPublic && 'scope' in access && access.scope !== 'none' && shadow && { shadow: true }),
        ...(rewrite && { rewrite: `/v1${rest === undefined ? '' : `/{${rest}}`}` }),
        ...(cors && { cors }),
        ...(encoded && { allow_encoded_slash: true }),
      };
    },
  );

/** A configuration without an error is not guaranteed: two routes may have one path. */
export function configOf(routes: readonly object[], flags: Flags, upstream: string): object {
  const { tokenFrom, semicolon, cors, trusts } = flags;
  return {
    issuers: {
      main: {
        ...main.config,
        grants: flags.grants,
        ...(flags.requires && { require: [{ claim: 'use', is: 'api' }] }),
      },
      other: { ...other.config, grants: ['*'], ...(tokenFrom && { token_from: [{ header: 'X-Token' }] }) },
    },
    upstreams: { behind: upstream },
    allow_semicolon: semicolon,
    ...(cors && { cors: { origins: ['https://app.test'] } }),
    ...(flags.limitStatus && { limit_status: '/limits' }),
    ...(trusts && { trust_proxy: ['127.0.0.1'] }),
    routes,
  };
}

export interface Flags {
  readonly tokenFrom: boolean;
  readonly semicolon: boolean;
  readonly cors: boolean;
  readonly trusts: boolean;
  readonly requires: boolean;
  readonly grants: readonly string[];
  readonly ownsTokens: boolean;
  readonly limitStatus: boolean;
}

export const flags: fc.Arbitrary<Flags> = fc.record({
  tokenFrom: fc.boolean(),
  semicolon: fc.boolean(),
  cors: fc.boolean(),
  trusts: fc.boolean(),
  requires: fc.boolean(),
  grants: fc.constantFrom(['*'], ['r', 'x:*']),
  ownsTokens: fc.boolean(),
  limitStatus: fc.boolean(),
});

export const routes = fc.array(route, { minLength: 1, maxLength: 6 });

const ordinary = fc.constantFrom('a', 'b', 'C', 'c', 'a%40b', '7');
const odd = fc.constantFrom(
  'a%2fb',
  'A',
  '..',
  '.',
  '',
  '%61',
  '%',
  'a;b',
  'a%5cb',
  '%00',
  'a b',
  'é',
  '%c3%a9',
  'a%252f',
);
const target = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        fc.array(fc.oneof({ weight: 15, arbitrary: ordinary }, odd), { maxLength: 3 }),
        fc.constantFrom('', '', '/', '?q=1', '?a b'),
      )
      .map(([segments, end]) => `/${segments.join('/')}${end}`),
  },
  fc.constantFrom('*', 'http://a.test/a', 'http://elsewhere.test/a', `/${'a'.repeat(9000)}`, 'nothing'),
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '/limits',
      '/.well-known/jwks.json',
      '/token',
      '/connect/token',
      '/token/whoami',
      '/to%6ben',
      '/Token/',
      '/connect/token;a',
    ),
  },
);

/** Which token a request has; the tokens themselves are signed when it is sent. */
const token = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('main', 'main', 'other') },
    { weight: 4, arbitrary: fc.constantFrom('none', 'expired', 'forged', 'foreign', 'malformed', 'early') },
  ),
  place: fc.oneof(
    { weight: 5, arbitrary: fc.constant('Authorization') },
    { weight: 2, arbitrary: fc.constantFrom('X-Token', 'both', 'Basic') },
  ),
  scopes: fc.subarray([...SCOPES, 'other']),
  org: fc.constantFrom(undefined, 'a', 'b'),
  use: fc.constantFrom('api', 'api', undefined),
  app: fc.constantFrom('app-1', 'app-2'),
});
type TokenChoice = typeof token extends fc.Arbitrary<infer T> ? T : never;

export const requests = fc.array(
  fc
    .record({
      method: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS') },
        fc.constantFrom('TRACE', 'CONNECT', 'get', 'BREW', 'PLAY', 'DELETE', 'G@T'),
      ),
      target,
      host: fc.oneof(
        {
          weight: 10,
          arbitrary: fc.constantFrom('a.test', 'A.test:80', 'x.a.test', 'y.x.a.test', 'b.test.', 'c.test'),
        },
        fc.constantFrom('', 'a..test:0', '[::1]:8080'),
      ),
      token,
      fields: fc.subarray(
        [
          ['Origin', 'https://app.test'],
          ['Access-Control-Request-Method', 'GET'],
          ['X-Forwarded-For', '192.0.2.7'],
          ['Upgrade', 'h2c'],
          ['Connection', 'Upgrade, close'],
        ] as const,
        { minLength: 0, maxLength: 4 },
      ),
      times: fc.constantFrom(1, 1, 1, 3),
      /** The number of a route that it is for; undefined: for whatever it says. */
      aim: fc.option(fc.nat(5), { nil: undefined }),
    })
    .map(({ token: choice, fields, ...request }) => ({
      ...request,
      headers: [...fields.flat(), ...tokenFields(choice)],
    })),
  { minLength: 3, maxLength: 6 },
);

function tokenFields({ kind, place, scopes, org, use, app }: TokenChoice): string[] {
  const text = tokenOf(kind, { scopes, org, use, app });
  if (text === undefined) return [];
  switch (place) {
    case 'Authorization':
      return ['Authorization', `Bearer ${text}`];
    case 'X-Token':
      return ['X-Token', text];
    case 'both':
      return ['Authorization', `Bearer ${text}`, 'X-Token', text];
    case 'Basic':
      return ['Authorization', `Basic ${text}`];
  }
}

function tokenOf(
  kind: TokenChoice['kind'],
  { scopes, org, use, app }: Pick<TokenChoice, 'scopes' | 'org' | 'use' | 'app'>,
) {
  const claims = { org, use, scope: scopes.join(' '), sub: app };
  switch (kind) {
    case 'none':
      return undefined;
    case 'main':
      return main.sign(claims);
    case 'other':
      return other.sign(claims);
    case 'expired':
      return main.sign(claims, { expiresIn: -120 });
    case 'early':
      return main.sign({ ...claims, nbf: Math.floor(Date.now() / 1000) + 3600 });
    case 'forged':
      return main.forge(claims);
    case 'foreign':
      return foreign.sign(claims);
    case 'malformed':
      return `${main.sign(claims)}x`;
  }
}

/** A request with the method, the host and a path of a route, where it is for one. */
export function aimed<R extends { method: string; host: string; target: string; aim: number | undefined }>(
  request: R,
  table: readonly { match: string; host?: readonly string[] }[],
): R {
  if (request.aim === undefined) return request;
  const { match, host = [] } = table[request.aim % table.length]!;
  const [methods = '', path = ''] = match.split(' ');
  const [method = ''] = methods.split(',');
  return {
    ...request,
    method: method === '*' ? 'POST' : method,
    host: host[0]?.replace('*', 'z') ?? request.host,
    target: path.replace(/\{r\*+\}/, 'a/b').replaceAll(/\{[xy]\}/g, 'b'),
  };
}
