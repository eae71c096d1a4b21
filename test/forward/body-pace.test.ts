import { describe, expect, it } from 'vitest';
import { BodyPace } from '../../src/forward/body-pace.js';

/** How many seconds a client that sends so many bytes in each is tolerated, up to a limit. */
function secondsOf(bytesAt: (second: number) => number, minBodyRate = 240, bodyTimeoutMs = 60_000): number {
  const pace = new BodyPace({ bodyTimeoutMs, minBodyRate });
  for (let second = 1; second <= 1000; second++) {
    pace.bytes += bytesAt(second);
    if (pace.isTooSlow(pace.tickMs)) return second;
  }
  return Infinity;
}

describe('A client', () => {
  it('that sends nothing is tolerated for the grace period of five seconds', () => {
    expect(secondsOf(() => 0)).toBe(5);
  });

  it('that sends a byte now and then is tolerated as long', () => {
    expect(secondsOf((second) => (second % 20 === 0 ? 1 : 0))).toBe(5);
  });

  it('at the minimum rate is tolerated forever, in any portions', () => {
    expect(secondsOf(() => 240)).toBe(Infinity);
    expect(secondsOf((second) => (second % 4 === 0 ? 960 : 0))).toBe(Infinity);
  });

  it('just below the rate is too slow in the end', () => {
    const seconds = secondsOf(() => 200);
    expect(seconds).toBeGreaterThan(25);
    expect(seconds).toBeLessThan(40);
  });

  it('that was fast may pause for body_timeout, and no longer', () => {
    expect(secondsOf((second) => (second <= 10 ? 1_000_000 : 0))).toBe(70);
  });

  it('may be slow without a rate, but not silent for body_timeout', () => {
    expect(secondsOf(() => 1, 0)).toBe(Infinity);
    expect(secondsOf(() => 0, 0)).toBe(60);
  });

  it('is not charged for time in which the gateway paused it', () => {
    const pace = new BodyPace({ bodyTimeoutMs: 60_000, minBodyRate: 240 });
    for (let tick = 0; tick < 1000; tick++) expect(pace.isTooSlow(0)).toBe(false);
  });
});
