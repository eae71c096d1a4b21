import { expect, it } from 'vitest';
import { ExhaustedWindowCache } from '../../src/limit/exhausted-window-cache.js';
import { policy } from './policies.js';

const VERDICT = { admitted: false, decidingLimit: 0, remaining: 0, resetAtMs: 5000, waitMs: 1000 };
const limits = [policy(3, 60_000)];

it('the local refusal ends at the earliest time that Redis can have meant, and reports the latest', () => {
  const windows = new ExhaustedWindowCache(10);
  windows.remember(['k'], 3, VERDICT, 100, 150);
  expect(windows.refuse(['k'], limits, 200)).toEqual({ ...VERDICT, waitMs: 950 });
  expect(windows.refuse(['k'], limits, 1099.9)).toMatchObject({ admitted: false });
  expect(windows.refuse(['k'], limits, 1100)).toBeUndefined();
});

it('an entry for one N does not apply to another', () => {
  const windows = new ExhaustedWindowCache(10);
  windows.remember(['k'], 3, VERDICT, 0, 0);
  expect(windows.refuse(['k'], [policy(4, 60_000)], 10)).toBeUndefined();
  expect(windows.refuse(['k'], limits, 10)).toBeDefined();
});

it('at most so many windows are stored, the newest ones', () => {
  const windows = new ExhaustedWindowCache(2);
  for (const key of ['a', 'b', 'a', 'c']) windows.remember([key], 3, VERDICT, 0, 0);
  const known = ['a', 'b', 'c'].filter((key) => windows.refuse([key], limits, 10));
  expect(known).toEqual(['a', 'c']);
});

it('the states of the other limits are used again for a second, for the same check only', () => {
  const windows = new ExhaustedWindowCache(10);
  const two = [...limits, policy(9, 90_000)];
  const states = [
    { used: 3, remaining: 0, resetAtMs: 5000 },
    { used: 1, remaining: 8, resetAtMs: 9000 },
  ];
  windows.remember(['k', 'l'], 3, { ...VERDICT, waitMs: 5000, states }, 100, 150);
  expect(windows.refuse(['k', 'l'], two, 1150, true)).toMatchObject({ admitted: false, states });
  expect(windows.refuse(['k', 'm'], two, 1150, true)).toBeUndefined();
  expect(windows.refuse(['k', 'l'], two, 1151, true)).toBeUndefined();
  expect(windows.refuse(['k', 'l'], two, 1151)).toMatchObject({ admitted: false });
});
