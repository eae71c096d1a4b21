/**
 * Limits cannot be bypassed: a caller is counted as one, with any identity claims and any spelling of the
 * path.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { startFixture, type Fixture } from '../support/fixture.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';

const N = 3;
const LIMIT = `${String(N)} per 1h`;
const BY_IP = { requests: N, window: '1h', by: 'ip' as const };
const prefix = randomPrefix();

const routes = [
  { match: 'GET /ip', upstream: 'behind', public: true, limit: BY_IP },
  { match: 'GET /app', upstream: 'behind', scope: 'read', limit: LIMIT },
  { match: 'GET /items/{id}', upstream: 'behind', scope: 'read', limit: LIMIT },
  { match: 'GET /files/{path*}', upstream: 'behind', scope: 'read', limit: LIMIT },
  {
    match: 'GET /shared/a',
    upstream: 'behind',
    scope: 'read',
    limit: { requests: N, window: '1h', share: 'both' },
  },
  {
    match: 'GET /shared/b',
    upstream: 'behind',
    scope: 'read',
    limit: { requests: N, window: '1h', share: 'both' },
  },
  { match: 'GET /two', upstream: 'behind', scope: 'read', limit: [LIMIT, '100 per 1d'] },
];

let one: TestIssuer;
let two: TestIssuer;

beforeAll(async () => {
  [one, two] = await Promise.all([createTestIssuer(), createTestIssuer()]);
});
afterAll(async () => {
  await Promise.all([one.close(), two.close(), removeKeys(prefix)]);
});

describe.each(['memory', 'redis'] as const)('Counted in %s, a limit', (store) => {
  let strange: Fixture;
  let trusting: Fixture;

  beforeAll(async () => {
    const issuerOf = ({ iss, jwksUrl }: TestIssuer) => ({
      issuer: iss,
      jwks: jwksUrl,
      audience: AUDIENCE,
      grants: ['*'],
    });
    const config = (name: string) => ({
      issuers: { one: issuerOf(one), two: issuerOf(two) },
      routes,
      ...(store === 'redis' && {
        redis: { url: redisUrl(), key_prefix: `${prefix}${name}:`, timeout: '5s' },
      }),
    });
    [strange, trusting] = await Promise.all([
      startFixture(config('strange')),
      startFixture({ ...config('trusting'), trust_proxy: ['127.0.0.1'] }),
    ]);
  });
  afterAll(() => Promise.all([strange.close(), trusting.close()]));

  async function status(path: string, fields: readonly string[] = [], fixture = strange) {
    const bytes = [`GET ${path} HTTP/1.1`, 'Host: h', 'Connection: close', ...fields, '', ''].join('\r\n');
    return (await fixture.talk(bytes)).responses[0]?.status;
  }
  /** How many of the requests were admitted; all others must be 429. */
  async function passed(paths: readonly string[], fields: (at: number) => string[], fixture = strange) {
    let count = 0;
    for (const [at, path] of paths.entries()) {
      const found = await status(path, fields(at), fixture);
      expect([200, 429]).toContain(found);
      if (found === 200) count++;
    }
    return count;
  }
  const token = (issuer: TestIssuer, sub: string, more = {}) => [
    `Authorization: Bearer ${issuer.sign({ sub, scope: 'read', ...more })}`,
  ];
  const forwarded = (address: string) => [`X-Forwarded-For: ${address}`];

  it('by ip is not bypassed by forwarding fields of an untrusted client', async () => {
    const named = [
      'X-Forwarded-For: 203.0.113.1',
      'x-forwarded-for: 203.0.113.2',
      'X-Real-IP: 203.0.113.3',
      'Forwarded: for=203.0.113.4',
      'True-Client-IP: 203.0.113.5',
      'CF-Connecting-IP: 203.0.113.6',
    ];
    expect(
      await passed(
        named.map(() => '/ip'),
        (at) => [named[at]!],
      ),
    ).toBe(N);
  });

  it('by ip is not bypassed by ports or spellings behind a trusted proxy', async () => {
    const spellings = [
      '198.51.100.7',
      '198.51.100.7:1',
      '198.51.100.7:65000',
      ' 198.51.100.7 ',
      '::ffff:198.51.100.7',
      '[::ffff:198.51.100.7]:80',
      '::FFFF:c633:6407',
      '203.0.113.1, 198.51.100.7',
      'nonsense, 198.51.100.7',
    ];
    expect(
      await passed(
        spellings.map(() => '/ip'),
        (at) => forwarded(spellings[at]!),
        trusting,
      ),
    ).toBe(N);
    expect(await status('/ip', forwarded('198.51.100.8'), trusting)).toBe(200);
  });

  it('by ip counts an IPv6 network as one caller', async () => {
    const spellings = [
      '2001:db8::1',
      '2001:DB8:0:0::2',
      '[2001:db8::3]:1',
      '2001:0db8:0000:0000:ffff::4',
      '2001:db8::ffff:0:5',
    ];
    expect(
      await passed(
        spellings.map(() => '/ip'),
        (at) => forwarded(spellings[at]!),
        trusting,
      ),
    ).toBe(N);
    expect(await status('/ip', forwarded('2001:db8:0:1::1'), trusting)).toBe(200);
  });

  it('by ip counts an invalid forwarded address as the proxy that sent it', async () => {
    const junk = ['a', 'b', '1.2.3', '1.2.3.4.5', '::g', 'unknown', '_hidden', '999.1.1.1', ''];
    expect(
      await passed(
        junk.map(() => '/ip'),
        (at) => forwarded(junk[at]!),
        trusting,
      ),
    ).toBe(N);
  });

  it('of an app is not bypassed by new tokens, claims or spellings of the path', async () => {
    const paths = ['/app', '/app?a', '/app?b=1', '/%61pp', '/a%70p', '/app?'];
    expect(await passed(paths, (at) => token(one, 'till', { jti: String(at), app_name: String(at) }))).toBe(
      N,
    );
    const items = ['/items/1', '/items/2', '/items/%33', '/items/four?x', '/items/5'];
    expect(await passed(items, () => token(one, 'till'))).toBe(N);
    const files = ['/files/a', '/files/a/b', '/files/%61', '/files/c', '/files/d/'];
    expect(await passed(files, () => token(one, 'till'))).toBe(N);
  });

  it('never counts equal apps of two issuers together, nor ids that are equal only when joined', async () => {
    const four = ['/app', '/app', '/app', '/app'];
    expect(await passed(four, () => token(one, 'twin'))).toBe(N);
    expect(await passed(four, () => token(two, 'twin'))).toBe(N);
    for (const sub of ['one:twin', 'twin:app', 'two:twin', 'Twin', 'twin ', '{twin}', 'tw%69n', 'twin*']) {
      expect([sub, await status('/app', token(one, sub))]).toEqual([sub, 200]);
    }
  });

  it('that routes share is one count', async () => {
    const paths = ['/shared/a', '/shared/b', '/shared/a', '/shared/b', '/shared/a'];
    expect(await passed(paths, () => token(one, 'sharer'))).toBe(N);
    expect(await passed(['/shared/a'], () => token(two, 'sharer'))).toBe(1);
    expect(await passed(['/app'], () => token(one, 'sharer'))).toBe(1);
  });

  it('is not used up by requests that are refused before it', async () => {
    for (let at = 0; at < N + 1; at++) {
      expect(await status('/app')).toBe(401);
      expect(await status('/app', token(one, 'poor', { scope: 'write' }))).toBe(403);
      expect(await status('/app', token(one, 'poor', { exp: 1 }))).toBe(401);
    }
    expect(await passed(['/app', '/app', '/app', '/app'], () => token(one, 'poor'))).toBe(N);
  });

  it('admits exactly its number of concurrent requests', async () => {
    const crowd = Array.from({ length: 60 }, () => status('/two', token(one, 'crowd')));
    const statuses = await Promise.all(crowd);
    expect(statuses.filter((each) => each === 200)).toHaveLength(N);
    expect(statuses.filter((each) => each === 429)).toHaveLength(60 - N);
  });

  it('is not bypassed by a pipeline', async () => {
    const [authorization] = token(one, 'pipe');
    const bytes = `GET /app HTTP/1.1\r\nHost: h\r\n${authorization!}\r\n\r\n`.repeat(20);
    const { responses } = await strange.talk(bytes, { responses: 20 });
    expect(responses.filter((response) => response.status === 200)).toHaveLength(N);
    expect(responses.filter((response) => response.status === 429)).toHaveLength(20 - N);
  });
});
