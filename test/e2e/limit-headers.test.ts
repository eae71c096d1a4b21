/** The header fields of limits, as a client receives them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockAfter } from '../support/docs-block.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const PAGE = 'docs/limits.md';
const documented = parse(blockAfter(PAGE, '## Header fields', 'yaml')) as Pick<
  Config,
  'routes' | 'limit_headers'
>;
const prefix = randomPrefix();

let issuer: TestIssuer;
let upstream: EchoUpstream;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
});
afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close(), removeKeys(prefix)]);
});

/** Fields about limits, in the order in which they came. */
function limitFields({ headers }: Response): string[] {
  const names = [
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
    'RateLimit-Policy',
    'RateLimit',
  ];
  return names.map((name) => `${name}: ${String(headers.get(name))}`);
}

const withoutMoment = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/(?<=^X-RateLimit-Reset: )\d{10}$/, 'MOMENT'));

describe.each([
  ['memory', undefined],
  ['Redis', { url: redisUrl(), timeout: '5s', key_prefix: prefix }],
] as const)('the draft fields of a gateway that counts in %s', (_, redis) => {
  let gate: TestGate;

  beforeAll(async () => {
    gate = await startGate({
      ...documented,
      ...(redis && { redis }),
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      upstreams: { orders: upstream.origin },
    });
  });
  afterAll(() => gate.stop());

  const get = (app: string): Promise<Response> =>
    fetch(`${gate.url}/orders/7`, { headers: bearer(issuer.sign({ scope: 'orders:*', sub: app })) });

  it('are as documented', async () => {
    const lines = blockAfter(PAGE, 'The response to the first request').split('\n');
    expect(withoutMoment(limitFields(await get('one')))).toEqual(withoutMoment(lines));
  });

  it('list every limit in a 429, also where it repeats', async () => {
    for (let i = 0; i < 10; i++) expect((await get('two')).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      const response = await get('two');
      expect(response.status).toBe(429);
      expect(response.headers.get('ratelimit')).toMatch(
        /^"burst";r=0;t=1(?:20|1\d), "daily";r=990;t=86[34]\d\d$/,
      );
      expect(response.headers.get('retry-after')).toBe(
        /t=(\d+)/.exec(response.headers.get('ratelimit')!)![1],
      );
    }
  });
});
