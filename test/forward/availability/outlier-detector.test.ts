import { expect, it } from 'vitest';
import { OutlierDetector } from '../../../src/forward/availability/outlier-detector.js';

const SETTINGS = { failures: 3, cooldownMs: 1000, slowStartMs: 2000 };

/** A detector that was ejected at `nowMs`. */
function ejected(nowMs: number): OutlierDetector {
  const row = new OutlierDetector(SETTINGS);
  for (let turn = 0; turn < 3; turn += 1) row.fail(nowMs, nowMs);
  return row;
}

it('So many consecutive failures eject, and a success in between restarts the count', () => {
  const row = new OutlierDetector(SETTINGS);
  expect([row.fail(1, 1), row.fail(2, 2)]).toEqual([false, false]);
  row.succeed(3, 3);
  expect([row.fail(4, 4), row.fail(5, 5)]).toEqual([false, false]);
  expect(row.isEjected(5)).toBe(false);
  expect(row.fail(6, 6)).toBe(true);
  expect(row.isEjected(6)).toBe(true);
});

it('After the cooldown the target is back, and its weight grows from a tenth to full', () => {
  const row = ejected(0);
  expect(row.isEjected(999)).toBe(true);
  expect(row.isEjected(1000)).toBe(false);
  expect([1000, 1100, 2000, 2500, 3000, 9000].map((nowMs) => row.weight(nowMs))).toEqual([
    0.1, 0.1, 0.5, 0.75, 1, 1,
  ]);
});

it('A target that was never ejected has its full weight from the start', () => {
  expect(new OutlierDetector(SETTINGS).weight(0)).toBe(1);
  expect(new OutlierDetector({ ...SETTINGS, slowStartMs: 0 }).weight(0)).toBe(1);
});

it('The first failure after a return ejects again, each time for one more cooldown, at most thirty', () => {
  const row = ejected(0);
  let nowMs = 0;
  for (let times = 1; times <= 40; times += 1) {
    const cooldownMs = 1000 * Math.min(times, 30);
    expect(row.isEjected(nowMs + cooldownMs - 1)).toBe(true);
    expect(row.isEjected(nowMs + cooldownMs)).toBe(false);
    nowMs += cooldownMs;
    expect(row.fail(nowMs, nowMs)).toBe(true);
  }
});

it('A success after the return resets it: the next ejection takes as many failures and as long as the first', () => {
  const row = ejected(0);
  expect(row.isFailing).toBe(true);
  expect(row.succeed(1500, 1500)).toBe(true);
  expect(row.isFailing).toBe(false);
  expect(row.weight(2000)).toBe(0.5);
  expect(row.fail(1600, 1600)).toBe(false);
  row.fail(1600, 1600);
  expect(row.fail(1600, 1600)).toBe(true);
  expect(row.isEjected(2599)).toBe(true);
  expect(row.isEjected(2600)).toBe(false);
});

it('A success while it is ejected brings it back at once', () => {
  const row = ejected(0);
  expect(row.succeed(500, 500)).toBe(true);
  expect(row.isEjected(500)).toBe(false);
  expect(row.weight(500)).toBe(0.1);
});

it('A request sent before the ejection changes nothing when it ends after it', () => {
  const row = ejected(100);
  expect(row.succeed(99, 200)).toBe(false);
  expect(row.isEjected(200)).toBe(true);
  expect(row.fail(99, 5000)).toBe(false);
  expect(row.isEjected(5000)).toBe(false);
});

it('After a return for another reason the count is empty and the weight grows', () => {
  const row = ejected(0);
  row.restart(100);
  expect(row.isFailing).toBe(false);
  expect(row.isEjected(100)).toBe(false);
  expect(row.weight(1100)).toBe(0.5);
});
