import { describe, expect, it } from 'vitest';
import { createLimit } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { LimitPolicy } from '../../src/model/limit.js';
import { Refusal } from '../../src/model/refusal.js';
import { app, policy, route } from './policies.js';

/** The refusals of requests that come when the lowest limit is exhausted. */
function refusalsOf(limits: readonly LimitPolicy[], count: number): Refusal[] {
  const store = createMemoryStore({ maxKeys: 100, now: () => 0 });
  const limit = createLimit({ store, local: undefined, draftHeaders: false });
  const limited = route(limits);
  const least = Math.min(...limits.map(({ requests }) => requests));
  return Array.from({ length: least + count }, () => limit(app('one'), limited, '192.0.2.1')).filter(
    (found) => found instanceof Refusal,
  );
}

describe('A 429', () => {
  it.each([
    [policy(3, 120_000), 'at most 3 requests per 2m for each app'],
    [policy(1, 86_400_000), 'at most 1 request per 1d for each app'],
    [policy(2, 90_000, 'ip'), 'at most 2 requests per 90s for each client address'],
    [policy(2, 1500, 'route'), 'at most 2 requests per 1500ms for all callers together'],
    [policy(2, 3_600_000, 'app', 'all'), 'at most 2 requests per 1h for each app, over several routes'],
    [{ ...policy(2, 60_000), name: 'per minute' }, 'at most 2 requests per 1m for each app (per minute)'],
  ])('names its limit: $requests per $windowMs by $by', (limit, text) => {
    const [refusal] = refusalsOf([limit], 1);
    expect(refusal?.detail).toBe(text);
    expect(refusal?.body).toBe(
      JSON.stringify({ errors: [{ code: 88, message: `Rate limit exceeded: ${text}` }] }),
    );
  });

  it('of several limits names the one that refuses', () => {
    const [refusal] = refusalsOf([policy(5, 60_000), policy(2, 3_600_000)], 1);
    expect(refusal?.detail).toBe('at most 2 requests per 1h for each app');
  });
});
