/** Which limits keep another one, compared with all sequences of requests that a small one admits. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { admitsNoMore } from '../../src/diff/limits.js';

interface Rate {
  readonly requests: number;
  readonly windowMs: number;
}

const rate = fc.record({
  requests: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.integer({ min: 1, max: 12 }),
});

/** The earliest times of requests that satisfy all rates: each as soon as they allow. */
function earliest(rates: readonly Rate[], count: number): readonly number[] {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const earlier = rates.map(({ requests, windowMs }) => (times[index - requests] ?? -windowMs) + windowMs);
    times.push(Math.max(0, times[index - 1] ?? 0, ...earlier));
  }
  return times;
}

it('limits admit no more exactly where requests that come as soon as they allow satisfy the other limit', () => {
  fc.assert(
    fc.property(fc.array(rate, { minLength: 1, maxLength: 3 }), rate, (now, old) => {
      const times = earliest(now, old.requests + 1);
      const isKept = times[old.requests]! - times[0]! >= old.windowMs;
      expect(admitsNoMore(now, old)).toBe(isKept);
    }),
    { numRuns: 5000 },
  );
});

it.each([
  ['10 per 2m → 100 per 1d', [[100, 86_400]], [10, 120], false],
  ['10 per 2m → 5 per 1m', [[5, 60]], [10, 120], true],
  ['10 per 2m → 6 per 1m', [[6, 60]], [10, 120], false],
  ['a million per day → 10 per 1s', [[10, 1]], [1_000_000, 86_400], true],
  ['a million per day → 12 per 1s', [[12, 1]], [1_000_000, 86_400], false],
] as const)('%s', (_what, now, [requests, windowMs], isKept) => {
  const rates = now.map(([each, window]) => ({ requests: each, windowMs: window }));
  expect(admitsNoMore(rates, { requests, windowMs })).toBe(isKept);
});
