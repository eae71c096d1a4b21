/** The token service, and where revocations are: what is loosened, and what is not. */
import { describe, expect, it } from 'vitest';
import { changesOf, linesOf, put, type File, type Part } from './compare.js';

const ENDPOINTS = {
  key_secret: { path: '/oauth', lifetime: '1h' },
  client_credentials: { path: '/oauth/token', lifetime: '1h' },
  password: { path: '/login', lifetime: '1h', refresh_lifetime: '1d' },
};

function withTokens(file: File): void {
  put(file, {
    tokens: {
      issuer: 'https://gateway.test',
      audience: 'api',
      database: 'sqlite:data/tokens.db',
      endpoints: structuredClone(ENDPOINTS),
    },
  });
}

const inTokens = (values: Part) => (file: File) => put(file['tokens'] as Part, values);
const inEndpoints = (values: Part) => inTokens({ endpoints: { ...ENDPOINTS, ...values } });
const without = (values: Part) => (file: File) => {
  withTokens(file);
  inEndpoints(values)(file);
};
const withRedis = (url: string) => (file: File) => put(file, { redis: url });

type Case = readonly [
  what: string,
  change: (file: File) => unknown,
  line: RegExp,
  prepare: (file: File) => unknown,
];

const LOOSENED: readonly Case[] = [
  [
    'a token service',
    withTokens,
    /^issuer tokens: new issuer: tokens of https:\/\/gateway\.test are accepted$/,
    () => 0,
  ],
  [
    'the password endpoint',
    inEndpoints({}),
    /^tokens: endpoint password added at \/login: it issues tokens$/,
    without({ password: undefined }),
  ],
  [
    'named tokens',
    inEndpoints({ named: { path: '/named', permissions: { read: 1 } } }),
    /^tokens: endpoint named added/,
    withTokens,
  ],
  [
    'longer tokens',
    inEndpoints({ client_credentials: { path: '/oauth/token', lifetime: '2h' } }),
    /client_credentials are valid for 2h instead of 1h/,
    withTokens,
  ],
  [
    'endless tokens',
    inEndpoints({ key_secret: { path: '/oauth', lifetime: 'none' } }),
    /key_secret are valid for forever instead of 1h/,
    withTokens,
  ],
  [
    'a longer refresh',
    inEndpoints({ password: { ...ENDPOINTS.password, refresh_lifetime: '2d' } }),
    /password \(refresh\) are valid for 2d instead of 1d/,
    withTokens,
  ],
  [
    'more attempts',
    inTokens({ failed_attempts: { limit: '1000 per 1m' } }),
    /failed_attempts: 1000 per 1m/,
    withTokens,
  ],
  ['more tokens', inTokens({ issue_limit: 'none' }), /issue_limit: none instead of/, withTokens],
  [
    'another registry',
    inTokens({ database: 'sqlite:data/other.db' }),
    /database: another registry/,
    withTokens,
  ],
  [
    'no token service any more',
    (file) => put(file, { tokens: undefined }),
    /^tokens: no token service any more/,
    withTokens,
  ],
  [
    'no Redis any more',
    (file) => put(file, { redis: undefined }),
    /^redis: each process counts alone/,
    withRedis('redis://127.0.0.1:6379'),
  ],
  [
    'another Redis',
    withRedis('redis://127.0.0.1:6380'),
    /^redis: another place/,
    withRedis('redis://127.0.0.1:6379'),
  ],
  [
    'an issuer with another name, where apps are revoked by it',
    ({ issuers }) => {
      issuers['second'] = issuers.other;
      Reflect.deleteProperty(issuers, 'other');
    },
    /^issuer second: its name was other; counts and revocations of its apps begin anew$/,
    withRedis('redis://127.0.0.1:6379'),
  ],
  [
    'a path of the token service that a route gets',
    inEndpoints({ password: undefined }),
    /^POST \/\{rest\*\}: gets POST \/login, which the gateway served itself$/,
    (file) => {
      withTokens(file);
      file.routes.push({ match: 'POST /{rest*}', upstream: 'files', scope: 'x' });
    },
  ],
];

describe('the token service and revocations', () => {
  it.each(LOOSENED.map(([what, change, line, prepare]) => ({ what, change, line, prepare })))(
    '$what is loosened',
    ({ change, line, prepare }) => {
      expect(linesOf(changesOf(change, prepare), 'loosened')).toContainEqual(expect.stringMatching(line));
    },
  );

  it.each([
    ['shorter tokens', inEndpoints({ client_credentials: { path: '/oauth/token', lifetime: '1m' } })],
    ['an endpoint less', inEndpoints({ password: undefined })],
    ['another path of an endpoint', inEndpoints({ password: { ...ENDPOINTS.password, path: '/signin' } })],
    ['an endpoint for its own tokens', inEndpoints({ whoami: { path: '/whoami' } })],
    ['a longer cooldown', inTokens({ failed_attempts: { cooldown: '1d' } })],
    ['fewer tokens', inTokens({ issue_limit: '1 per 1m' })],
  ])('%s is not loosened', (_what, change) => {
    expect(linesOf(changesOf(change, withTokens), 'loosened')).toEqual([]);
  });

  it('limit_status is listed and not loosened', () => {
    const changes = changesOf((file) => put(file, { limit_status: '/files/limits' }));
    expect(linesOf(changes, 'loosened')).toEqual([]);
    expect(linesOf(changes, 'changed')).toContain(
      'limit_status: any valid token can read its limits at /files/limits',
    );
  });
});
