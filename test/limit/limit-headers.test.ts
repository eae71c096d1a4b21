import { describe, expect, it } from 'vitest';
import { counted, counting, refused, START } from './counting.js';
import { app, policy, route } from './policies.js';

describe('the limit headers', () => {
  it('of an admitted request are limit, remaining and the reset in whole seconds, rounded up', () => {
    const { limit } = counting();
    const quota = counted(limit(app('one'), route([policy(10, 120_000)]), ''));
    expect(quota).toEqual({
      limit: 10,
      remaining: 9,
      resetAtMs: START + 120_000,
      headers: ['X-RateLimit-Limit', '10', 'X-RateLimit-Remaining', '9', 'X-RateLimit-Reset', '1790000121'],
    });
  });

  it('of the request after the last, a 429, are the same with Retry-After, rounded up', () => {
    const { clock, limit } = counting();
    const things = route([policy(1, 120_000)]);
    limit(app('one'), things, '');
    clock.ms += 500;
    const refusal = refused(limit(app('one'), things, ''));
    expect(refusal.reason).toBe('rate_limited');
    expect(refusal.headers).toEqual([
      ...['X-RateLimit-Limit', '1', 'X-RateLimit-Remaining', '0', 'X-RateLimit-Reset', '1790000121'],
      ...['Retry-After', '120'],
    ]);
  });

  it('have a Retry-After of at least one second, after which the caller is admitted', () => {
    const { clock, limit } = counting();
    const things = route([policy(1, 1000)]);
    limit(app('one'), things, '');
    clock.ms += 999;
    const { headers } = refused(limit(app('one'), things, ''));
    expect(headers.slice(-2)).toEqual(['Retry-After', '1']);
    clock.ms += 1000;
    expect(counted(limit(app('one'), things, '')).remaining).toBe(0);
  });

  it('of a 429 for several limits show the exhausted one that resets last', () => {
    const { limit } = counting();
    const things = route([policy(1, 1000), policy(1, 60_000), policy(5, 3_600_000)]);
    limit(app('one'), things, '');
    const { headers } = refused(limit(app('one'), things, ''));
    expect(headers.slice(-2)).toEqual(['Retry-After', '60']);
  });

  it('of the IETF draft have every limit of the route, with its state', () => {
    const { limit } = counting({ draftHeaders: true });
    const things = route([policy(10, 120_000), policy(3, 1500), policy(9, 120_000, 'app', 'all')]);
    const policies = '"app-120s";q=10;w=120, "app-2s";q=3;w=2, "app-120s-3";q=9;w=120';
    const { headers } = counted(limit(app('one'), things, ''));
    const first = '"app-120s";r=9;t=120, "app-2s";r=2;t=2, "app-120s-3";r=8;t=120';
    expect(headers.slice(6)).toEqual(['RateLimit-Policy', policies, 'RateLimit', first]);
    limit(app('one'), things, '');
    limit(app('one'), things, '');
    const refusal = refused(limit(app('one'), things, ''));
    const last = '"app-120s";r=7;t=120, "app-2s";r=0;t=2, "app-120s-3";r=6;t=120';
    expect(refusal.headers.slice(6, 10)).toEqual(['RateLimit-Policy', policies, 'RateLimit', last]);
  });

  it('of the IETF draft have no time for a limit under which nothing is counted', () => {
    const { limit } = counting({ draftHeaders: true });
    const shared = policy(1, 60_000, 'app', 'shared');
    limit(app('one'), route([shared]), '');
    const { headers } = refused(limit(app('one'), route([shared, policy(5, 3_600_000)]), ''));
    expect(headers[9]).toBe('"app-60s";r=0;t=60, "app-3600s";r=5');
  });

  it('of the IETF draft use the names of the file, as Strings of RFC 9651, and repeat none', () => {
    const { limit } = counting({ draftHeaders: true });
    const named = { ...policy(10, 86_400_000), name: 'per "day" \\' };
    const clash = { ...policy(5, 3_600_000), name: 'app-60s' };
    const { headers } = counted(limit(app('one'), route([policy(3, 60_000), named, clash]), ''));
    expect(headers.slice(6)).toEqual([
      'RateLimit-Policy',
      '"app-60s-1";q=3;w=60, "per \\"day\\" \\\\";q=10;w=86400, "app-60s";q=5;w=3600',
      'RateLimit',
      '"app-60s-1";r=2;t=60, "per \\"day\\" \\\\";r=9;t=86400, "app-60s";r=4;t=3600',
    ]);
  });

  it('of the IETF draft are as short as before for one limit', () => {
    const { limit } = counting({ draftHeaders: true });
    const { headers } = counted(limit(app('one'), route([policy(10, 120_000)]), ''));
    expect(headers.slice(6)).toEqual([
      'RateLimit-Policy',
      '"app-120s";q=10;w=120',
      'RateLimit',
      '"app-120s";r=9;t=120',
    ]);
  });

  it('are absent on a route without limits, which counts nothing', () => {
    const { limit } = counting({ maxKeys: 0 });
    expect(limit(app('one'), route([]), '')).toBeUndefined();
  });
});
