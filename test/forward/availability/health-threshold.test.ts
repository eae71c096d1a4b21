import { expect, it } from 'vitest';
import { HealthThreshold } from '../../../src/forward/availability/health-threshold.js';

const SETTINGS = { path: '/healthz', intervalMs: 1000, timeoutMs: 100, unhealthyAfter: 3, healthyAfter: 2 };

/** The state after each of the checks. */
function after(...checks: boolean[]): boolean[] {
  const row = new HealthThreshold(SETTINGS);
  return checks.map((isGood) => {
    row.add(isGood);
    return row.isUp;
  });
}

it('Before the first check a target is considered up; the first check decides alone', () => {
  expect(new HealthThreshold(SETTINGS).isUp).toBe(true);
  expect(after(false)).toEqual([false]);
  expect(after(true)).toEqual([true]);
});

it('Then so many consecutive failures take it down, and so many passes bring it up', () => {
  expect(after(true, false, false, false, true, true)).toEqual([true, true, true, false, false, true]);
});

it('One opposite check in between restarts the count', () => {
  expect(after(true, false, false, true, false, false)).toEqual([true, true, true, true, true, true]);
  expect(after(false, true, false, true)).toEqual([false, false, false, false]);
});

it('A change is reported once', () => {
  const row = new HealthThreshold(SETTINGS);
  expect([true, false, false, false, false].map((isGood) => row.add(isGood))).toEqual([
    false,
    false,
    false,
    true,
    false,
  ]);
});
