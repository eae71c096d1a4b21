/** Ordinary changes that loosen nothing. An alarm for one of these would teach people to ignore the command. */
import { expect, it } from 'vitest';
import { changesOf, KEYS, linesOf, put, type File, type Part } from './compare.js';

type Case = readonly [what: string, change: (file: File) => unknown, prepare?: (file: File) => unknown];

const set = (index: number, values: Part) => (file: File) => put(file.routes[index]!, values);
const inMain = (values: Part) => (file: File) => put(file.issuers.main, values);
const add = (values: Part) => (file: File) => file.routes.push({ upstream: 'files', ...values });
const inFile = (values: Part) => (file: File) => put(file, values);

const HARMLESS: readonly Case[] = [
  ['nothing', () => 0],
  ['routes in another order', ({ routes }) => routes.reverse()],
  [
    'a renamed placeholder',
    set(2, { match: 'GET /orgs/{name}/files', require: [{ claim: 'org', is: '{name}' }] }),
  ],
  ['one more scope', set(0, { scope: ['orders:read', 'sso', 'mfa'] })],
  ['a scope instead of alternatives', set(1, { scope: 'admin' })],
  ['any → all', set(1, { scope: ['orders:write', 'admin'] })],
  ['a wider scope', set(0, { scope: ['orders:*', 'sso'] })],
  ['a scope instead of public', set(4, { public: undefined, scope: 'files:read' })],
  ['a condition more', set(0, { require: [{ claim: 'org', is: 'a' }] })],
  ['fewer issuers at a route', set(2, { issuer: 'main' })],
  ['fewer hosts', set(3, { host: 'files.test' })],
  ['a host instead of any', set(0, { host: 'api.test' })],
  ['a new route', add({ match: 'GET /health', public: true })],
  ['a new method', add({ match: 'PUT /orders', public: true })],
  ['a method more at a route', set(0, { match: 'GET,PUT /orders/{id}' })],
  [
    'a stricter route inside another',
    add({
      match: 'GET /thumbs/private',
      scope: 'admin',
      limit: { requests: 9, window: '1m', by: 'route', share: 'x' },
    }),
    set(4, { limit: 'none' }),
  ],
  ['a removed route', ({ routes }) => routes.pop()],
  ['a longer timeout', set(0, { timeout: '1m' })],
  ['another upstream', set(0, { upstream: 'files' })],
  [
    'a renamed upstream',
    (file) => {
      file.upstreams['store'] = file.upstreams['files']!;
      delete file.upstreams['files'];
      for (const route of file.routes) if (route['upstream'] === 'files') route['upstream'] = 'store';
    },
  ],
  ['another target', (file) => (file.upstreams['files']!['targets'] = ['http://127.0.0.1:11'])],
  [
    'retries and timeouts of an upstream',
    (file) => Object.assign(file.upstreams['files']!, { retries: 3, timeout: '9s' }),
  ],
  ['a rewrite', set(3, { rewrite: '/v2/{path}' })],
  ['response headers', set(0, { response_headers: { remove: ['Server'] } })],
  ['a smaller body', set(0, { max_body: '1mb' })],
  ['a limit with fewer requests', set(0, { limit: '9 per 2m' })],
  ['a wider window', set(0, { limit: '10 per 1h' })],
  ['a wider window with fewer requests', set(0, { limit: '5 per 4m' })],
  ['half the requests in half the window', set(0, { limit: '5 per 1m' })],
  ['a second limit', set(0, { limit: ['10 per 2m', '100 per 1d'] })],
  ['two limits that together keep the old one', set(0, { limit: ['2 per 5s', '6 per 60s', '8 per 119s'] })],
  ['all callers instead of each app', set(0, { limit: { requests: 10, window: '2m', by: 'route' } })],
  ['a limit where there was none', set(2, { limit: '10 per 1m' })],
  ['a second limit in shadow', set(0, { limit: ['10 per 2m', { requests: 1, window: '1d', shadow: true }] })],
  [
    'a limit that is enforced after its shadow',
    set(2, { limit: '10 per 1m' }),
    set(2, { limit: { requests: 10, window: '1m', shadow: true } }),
  ],
  [
    'a count that two routes share now',
    ({ routes }) => {
      for (const index of [0, 1]) routes[index]!['limit'] = { requests: 5, window: '2m', share: 'both' };
    },
  ],
  ['on_failure: closed', set(0, { on_failure: 'closed' })],
  ['fewer audiences, in another order', inMain({ audience: ['web', 'api'] })],
  ['one audience', inMain({ audience: 'api' })],
  ['an audience where none was checked', inMain({ audience: 'api' }), inMain({ audience: false })],
  ['fewer keys', inMain({ jwks: { keys: [KEYS.two] } })],
  [
    'keys in another order',
    inMain({ jwks: { keys: [KEYS.two, Object.fromEntries(Object.entries(KEYS.one).reverse())] } }),
  ],
  ['fewer algorithms', inMain({ algorithms: ['PS256'] })],
  ['fewer places of tokens', inMain({ token_from: ['authorization'] })],
  ['fewer token types', inMain({ token_types: ['at+jwt'] })],
  ['narrower grants', inMain({ grants: ['orders:read', 'files:*'] })],
  [
    'a condition on tokens',
    inMain({
      require: [
        { claim: 'use', is: 'access' },
        { claim: 'tier', is: 'gold' },
        { claim: 'a', absent: true },
      ],
    }),
  ],
  ['less clock skew', inMain({ clock_skew: '5s' })],
  ['fewer claims with scopes', inMain({ claims: { app: { first: ['azp', 'sub'] }, scope: 'roles' } })],
  ['only the first app claim', inMain({ claims: { app: 'azp', scope: { union: ['scope', 'roles'] } } })],
  [
    'a renamed issuer',
    (file) => {
      const { main, other } = file.issuers;
      file.issuers = { primary: main, other } as unknown as File['issuers'];
      set(0, { issuer: 'primary' })(file);
    },
  ],
  ['an issuer removed', (file) => delete (file.issuers as Record<string, unknown>)['other']],
  ['a smaller block of proxies', inFile({ trust_proxy: ['10.1.0.0/16'] })],
  ['a block of proxies in two halves', inFile({ trust_proxy: ['10.128.0.0/9', '10.0.0.0/9'] })],
  ['a block of proxies in IPv6', inFile({ trust_proxy: ['::ffff:10.0.0.0/104'] })],
  [
    'fewer origins',
    inFile({ cors: { origins: ['https://*.a.example.com', 'https://b.example.com'], headers: ['X-Mine'] } }),
  ],
  ['no CORS', inFile({ cors: undefined })],
  [
    'a longer cache of preflights',
    inFile({ cors: { origins: ['https://*.example.com'], headers: ['x-mine'], max_age: '1d' } }),
  ],
  ['fresher keys', inFile({ jwks_max_age: '1m', jwks_max_stale: '1h' })],
  ['the log', inFile({ log: { level: 'warn', paths: true } })],
  ['metrics by app', inFile({ metrics: { by_app: true } })],
  ['tracing', inFile({ tracing: { otlp: 'http://127.0.0.1:4318' } })],
  ['Redis', inFile({ redis: 'redis://127.0.0.1:6379' })],
  [
    'more workers, timeouts of clients and the drain',
    inFile({
      redis: 'redis://127.0.0.1:6379',
      workers: 2,
      drain_timeout: '9s',
      client: { keep_alive: '5s' },
    }),
  ],
];

it.each(HARMLESS.map(([what, change, prepare]) => ({ what, change, prepare })))(
  '$what is not loosened',
  ({ change, prepare }) => {
    expect(linesOf(changesOf(change, prepare), 'loosened')).toEqual([]);
  },
);

it('a share that no other route has is no change, whichever file has it', () => {
  const alone = (share: string | undefined) => (file: File) =>
    set(3, { limit: { requests: 10, window: '1m', ...(share !== undefined && { share }) } })(file);
  expect(changesOf(alone(undefined), alone('files'))).toEqual([]);
  expect(changesOf(alone('files'), alone(undefined))).toEqual([]);
  expect(changesOf(alone('others'), alone('files'))).toEqual([]);
});

it('a share that another route has is stricter than a count of its own', () => {
  const other = add({
    match: 'GET /f',
    scope: 'files:read',
    limit: { requests: 10, window: '1m', share: 'files' },
  });
  const prepare = (file: File) => {
    other(file);
    set(3, { limit: '10 per 1m' })(file);
  };
  const shared = set(3, { limit: { requests: 10, window: '1m', share: 'files' } });
  expect(linesOf(changesOf(shared, prepare), 'stricter')).toContain(
    'files.test,*.files.test * /files/{path*}: limit: 10 per 1m shared as files instead of 10 per 1m',
  );
});

it('the log, workers and timeouts of clients are no changes for callers', () => {
  expect(
    changesOf(
      inFile({
        tracing: { otlp: 'http://127.0.0.1:4318' },
        log: { level: 'warn' },
        max_in_flight: 9,
        client: { keep_alive: '5s' },
      }),
    ),
  ).toEqual([]);
});
