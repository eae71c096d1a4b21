/** Shadow mode against the same file without it: what it lets through, and what it records. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let shadowed: TestGate;
let enforced: TestGate;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([createTestIssuer(), startEchoUpstream()]);
  const empty = configOf([{ match: 'GET /', upstream: 'echo', public: true }]);
  [shadowed, enforced] = await Promise.all([startGate(empty), startGate(empty)]);
});
afterAll(async () => {
  await Promise.all([shadowed.stop(), enforced.stop()]);
  await Promise.all([issuer.close(), upstream.close()]);
});

function configOf(routes: Config['routes']): Config {
  return {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes,
  };
}

const limitOf = (by: 'app' | 'ip' | 'route') =>
  fc.record({ requests: fc.integer({ min: 1, max: 3 }), window: fc.constant('1h'), by: fc.constant(by) });

const CONDITIONS = [
  { claim: 'org', is: '{org}' },
  { claim: 'roles', has: ['admin', 'owner'] },
  { claim: 'nonce', absent: true },
] as const;

/** The rules of a route with a scope. */
const scoped = fc.record({
  scope: fc.constantFrom('none', 'a', ['a', 'b'], { any: ['a', 'b'] }),
  require: fc.subarray([...CONDITIONS]),
  limit: fc.tuple(limitOf('app'), limitOf('route')).chain((limits) => fc.subarray(limits)),
});

/** The rules of a public route: no token is read. */
const open = fc.record({
  public: fc.constant(true),
  require: fc.constant([]),
  limit: fc.tuple(limitOf('ip'), limitOf('route')).chain((limits) => fc.subarray(limits)),
});

type Rules = typeof scoped | typeof open extends fc.Arbitrary<infer T> ? T : never;

function routeOf(match: string, rules: Rules, shadow: boolean): Config['routes'][number] {
  const { require, limit, ...access } = rules;
  return {
    match,
    upstream: 'echo',
    ...access,
    ...('scope' in rules && rules.scope !== 'none' && { shadow }),
    ...(require.length > 0 && { require: require.map((each) => ({ ...each, shadow })) }),
    limit: limit.length > 0 ? limit.map((each) => ({ ...each, shadow })) : 'none',
  } as Config['routes'][number];
}

const sent = fc.record({
  token: fc.constantFrom('valid', 'valid', 'valid', 'valid', 'none', 'expired', 'foreign'),
  app: fc.constantFrom('app-1', 'app-2'),
  scopes: fc.subarray(['a', 'b', 'c']),
  claims: fc.record({ org: fc.constantFrom('acme', 'other'), roles: fc.constantFrom('admin', 'guest') }),
  more: fc.constantFrom({}, {}, { nonce: 'x' }),
});

type Sent = typeof sent extends fc.Arbitrary<infer T> ? T : never;

function tokenOf({ token, app, scopes, claims, more }: Sent): string | undefined {
  if (token === 'none') return undefined;
  const ended = token === 'expired' ? { exp: 1 } : {};
  const foreign = token === 'foreign' ? { aud: 'https://other.test' } : {};
  return issuer.sign({ sub: app, scope: scopes.join(' '), ...claims, ...more, ...ended, ...foreign });
}

async function recordOf(gate: TestGate, path: string, token: string | undefined) {
  const before = gate.records.length;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(gate.url + path, { headers });
  await response.text();
  await until(() => gate.records.length > before);
  const { status, reason, detail, shadow } = gate.records.at(-1)!;
  return { status, reason, detail, shadow: shadow && { reason: shadow.reason, detail: shadow.detail } };
}

let runs = 0;

it('A request is let through exactly if its token is valid, and recorded exactly where the rules in force refuse it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 4, arbitrary: scoped }, { weight: 1, arbitrary: open }),
      fc.array(sent, { minLength: 1, maxLength: 10 }),
      async (rules, requests) => {
        // Each run has counts of its own.
        const path = `/run-${(runs += 1)}`;
        await shadowed.reload(configOf([routeOf(`GET ${path}/{org}`, rules, true)]));
        await enforced.reload(configOf([routeOf(`GET ${path}/{org}`, rules, false)]));
        for (const each of requests) {
          const token = tokenOf(each);
          const found = await recordOf(shadowed, `${path}/acme`, token);
          const { status, reason, detail } = await recordOf(enforced, `${path}/acme`, token);
          const isValid = 'public' in rules || each.token === 'valid';
          expect(found.status).toBe(isValid ? 200 : 401);
          const isRefused = status === 403 || status === 429;
          expect(found.shadow).toEqual(isRefused ? { reason, detail } : undefined);
          if (!isRefused) expect(status).toBe(found.status);
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
