import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RetryBudget } from '../../src/forward/retry-budget.js';

/** The retries that are allowed before any request. */
const INITIAL = 10;

it('In any order of requests and failures, at most a fifth of the requests plus ten are retried', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 2000 }),
      fc.integer({ min: 1, max: 500 }),
      (asks, most) => {
        const budget = new RetryBudget(most);
        let sent = 0;
        let resent = 0;
        for (const isRetry of asks) {
          if (!isRetry) {
            budget.deposit();
            sent += 1;
          } else if (budget.withdraw()) {
            resent += 1;
          }
          expect(resent).toBeLessThanOrEqual(INITIAL + 0.2 * sent + 1e-3);
        }
      },
    ),
  );
});

it('Of a thousand requests that all fail, two hundred and ten are retried', () => {
  const budget = new RetryBudget(256);
  let resent = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    budget.deposit();
    if (budget.withdraw()) resent += 1;
  }
  expect(resent).toBe(210);
});

it('The saved budget covers the requests in progress of one target, and no more', () => {
  const budget = new RetryBudget(64);
  for (let turn = 0; turn < 100_000; turn += 1) budget.deposit();
  let resent = 0;
  while (budget.withdraw()) resent += 1;
  expect(resent).toBe(64);
});
