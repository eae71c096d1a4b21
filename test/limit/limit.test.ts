import { describe, expect, it } from 'vitest';
import { createLimit, type LimitOptions } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { LimitStore } from '../../src/limit/store.js';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { atOnce, counted, counting, refused, START } from './counting.js';
import { app, policy, route } from './policies.js';

/** The step over a store that is unavailable, synchronously or a moment later. */
function cutOff(later = false, maxKeys = 100) {
  const away: LimitOptions['store'] = {
    consume: () => (later ? Promise.resolve('unavailable') : 'unavailable'),
  };
  return createLimit({
    store: away,
    local: createMemoryStore({ maxKeys, now: () => START }),
    draftHeaders: false,
  });
}

describe('the subject of a limit', () => {
  /** Whether two callers of a route share one count. */
  function shareOne(by: Route, one: [Principal, string], other: [Principal, string]): boolean {
    const { limit } = counting();
    limit(one[0], by, one[1]);
    return limit(other[0], by, other[1]) instanceof Refusal;
  }

  const byApp = route([policy(1, 60_000, 'app')]);
  const byIp = route([policy(1, 60_000, 'ip')]);
  const byRoute = route([policy(1, 60_000, 'route')]);

  it('for an app is issuer and id together', () => {
    expect(shareOne(byApp, [app('a', 'x'), '1'], [app('a', 'x'), '2'])).toBe(true);
    expect(shareOne(byApp, [app('a', 'x'), ''], [app('a', 'y'), ''])).toBe(false);
    expect(shareOne(byApp, [app('b:c', 'a'), ''], [app('c', 'a:b'), ''])).toBe(false);
  });

  it.each([
    ['a', 'A'],
    ['a', 'a '],
    ['}x', '%007dx'],
    ['\ud800', '\ud801'],
    ['\ud800', '\ufffd'],
    ['é', 'e\u0301'],
    ['', '%'],
    ['x'.repeat(5000), `${'x'.repeat(4999)}y`],
    ['a\r\nb', 'ab'],
  ])('is distinct for the apps %j and %j', (one, other) => {
    expect(shareOne(byApp, [app(one), ''], [app(other), ''])).toBe(false);
    expect(shareOne(byApp, [app(one), ''], [app(one), ''])).toBe(true);
  });

  it('for an address is all of IPv4, the /64 of IPv6, and IPv4 for a mapped address', () => {
    const same = (one: string, other: string) => shareOne(byIp, [ANONYMOUS, one], [ANONYMOUS, other]);
    expect(same('192.0.2.1', '192.0.2.1')).toBe(true);
    expect(same('192.0.2.1', '192.0.2.2')).toBe(false);
    expect(same('192.0.2.1', '::ffff:192.0.2.1')).toBe(true);
    expect(same('2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe(true);
    expect(same('2001:db8:0:1::1', '2001:db8:0:2::1')).toBe(false);
  });

  it('by route is the same for all callers', () => {
    expect(shareOne(byRoute, [app('a'), '192.0.2.1'], [ANONYMOUS, '192.0.2.2'])).toBe(true);
  });

  it('is common to routes with the same share, and distinct for others', () => {
    const { limit } = counting();
    const of = (label: string, share?: string) => ({
      ...route([{ ...policy(1, 60_000, 'route', share), id: `${share ?? label} 60000 route` }]),
      label,
    });
    expect(limit(ANONYMOUS, of('GET /a', 'both'), '')).not.toBeInstanceOf(Refusal);
    expect(limit(ANONYMOUS, of('GET /b', 'both'), '')).toBeInstanceOf(Refusal);
    expect(limit(ANONYMOUS, of('GET /a'), '')).not.toBeInstanceOf(Refusal);
    expect(limit(ANONYMOUS, of('GET /b'), '')).not.toBeInstanceOf(Refusal);
  });

  it('that two limits have in common admits as many as the lower', () => {
    const { limit } = counting();
    const things = route([policy(5, 60_000), policy(2, 60_000), policy(9, 60_000)]);
    expect(counted(limit(app('a'), things, '')).remaining).toBe(1);
    limit(app('a'), things, '');
    expect(limit(app('a'), things, '')).toBeInstanceOf(Refusal);
  });

  it('gives short printable ASCII keys with the subject as hash tag, for any ids', () => {
    const keys: string[] = [];
    const store: LimitOptions['store'] = {
      consume(names) {
        keys.push(...names);
        return 'full';
      },
    };
    const limit = atOnce(createLimit({ store, local: undefined, draftHeaders: false }));
    for (const id of ['app-1', 'ü}{%:\n', 'x'.repeat(8000)]) limit(app(id), byApp, '192.0.2.1');
    limit(ANONYMOUS, byIp, 'no address: }{');
    limit(ANONYMOUS, { ...byRoute, label: `GET /${'long/'.repeat(50)}` }, '');
    expect(keys[0]).toMatch(/^\{a:project:app-1\}:/);
    for (const key of keys) expect(key).toMatch(/^\{[air][:#][A-Za-z0-9._~@|:%-]{1,36}\}:[\w-]{10}$/);
  });
});

describe.each([
  ['at once', false],
  ['a moment later', true],
] as const)('a store that is unavailable %s', (_, later) => {
  const limits = [policy(1, 60_000)];

  it('is replaced by the local one under `local`', async () => {
    const limit = cutOff(later);
    expect(counted(await limit(app('a'), route(limits, 'local'), '')).remaining).toBe(0);
    expect(refused(await limit(app('a'), route(limits, 'local'), '')).reason).toBe('rate_limited');
  });

  it('refuses no request under `open`', async () => {
    const limit = cutOff(later);
    for (let i = 0; i < 3; i++) expect(await limit(app('a'), route(limits, 'open'), '')).toBeUndefined();
  });

  it('is 503 with Retry-After under `closed`', async () => {
    const refusal = refused(await cutOff(later)(app('a'), route(limits, 'closed'), ''));
    expect([refusal.reason, refusal.status, refusal.headers]).toEqual([
      'limits_unavailable',
      503,
      ['Retry-After', '1'],
    ]);
  });

  it('is 503 under `local` if the local one is full', async () => {
    const refusal = refused(await cutOff(later, 0)(app('a'), route(limits, 'local'), ''));
    expect(refusal.status).toBe(503);
  });
});

it('without a local store, `local` is 503', async () => {
  const limit = createLimit({
    store: { consume: () => 'unavailable' },
    local: undefined,
    draftHeaders: false,
  });
  expect(refused(await limit(app('a'), route([policy(1, 1000)]), '')).status).toBe(503);
});

it('a local store may respond asynchronously', async () => {
  const memory = createMemoryStore({ maxKeys: 9, now: () => START });
  const local: LimitOptions['store'] = {
    consume: (keys, limits) => Promise.resolve(memory.consume(keys, limits)),
  };
  const limit = createLimit({ store: { consume: () => 'unavailable' }, local, draftHeaders: false });
  expect(counted(await limit(app('a'), route([policy(3, 1000)]), '')).remaining).toBe(2);
});

it.each([
  ['open', undefined],
  ['local', 503],
  ['closed', 503],
] as const)('a new key beyond the maximum is treated as `%s` says', (onFailure, status) => {
  const { limit } = counting({ maxKeys: 1 });
  const things = route([policy(1, 60_000)], onFailure);
  limit(app('a'), things, '');
  const found = limit(app('b'), things, '');
  expect(found instanceof Refusal ? found.status : found).toBe(status);
});

describe('a caller who is revoked during its check', () => {
  const REVOKED = new Refusal('invalid_token');

  function asking(taken: Awaited<ReturnType<LimitStore['consume']>>) {
    const revoked = { app: '' };
    const limit = createLimit({
      store: { consume: () => Promise.resolve(taken) },
      local: createMemoryStore({ maxKeys: 10, now: () => START }),
      draftHeaders: false,
      checkRevocation: (principal) => (principal.app === revoked.app ? REVOKED : undefined),
    });
    return { revoked, limit };
  }

  it.each([
    ['admitted', { admitted: true, decidingLimit: 0, remaining: 1, resetAtMs: START, waitMs: 1 }],
    ['over its limit', { admitted: false, decidingLimit: 0, remaining: 0, resetAtMs: START, waitMs: 1 }],
    ['not counted', 'unavailable'],
  ] as const)('is refused for that, if it were %s or not', async (_, taken) => {
    const { limit, revoked } = asking(taken);
    const limits = route([policy(3, 60_000)]);
    const one = limit(app('one'), limits, '');
    const two = limit(app('two'), limits, '');
    revoked.app = 'one';
    expect(await one).toBe(REVOKED);
    expect(await two).not.toBe(REVOKED);
  });
});
