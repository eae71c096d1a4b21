import { describe, expect, it } from 'vitest';
import { isDone, planRotation } from '../../../src/tokens/signing/schedule.js';
import { signingKey } from '../../contract/registry/samples.js';

const schedule = { rotateEveryMs: 1000, publishBeforeMs: 100, longestLifetimeMs: 50 };

describe('when signing keys change', () => {
  it('the first key signs at once', () => {
    expect(planRotation([], schedule, 5000)).toEqual({ signsFromMs: 5000, predecessor: undefined });
  });

  it('the next key is published before the period of the last one ends, and signs when it has ended', () => {
    const keys = [signingKey({ kid: 'old', signsFromMs: 1000 })];
    expect(planRotation(keys, schedule, 1899)).toBeUndefined();
    expect(planRotation(keys, schedule, 1900)).toEqual({
      signsFromMs: 2000,
      predecessor: { kid: 'old', signsUntilMs: 2000, publishedUntilMs: 2150 },
    });
  });

  it('after a long sleep the next key is still published for as long', () => {
    const keys = [signingKey({ kid: 'old', signsFromMs: 1000 })];
    expect(planRotation(keys, schedule, 90_000)?.signsFromMs).toBe(90_100);
  });

  it('the latest key counts, in any order, and one that will sign is enough', () => {
    const keys = [
      signingKey({ kid: 'next', createdAtMs: 1900, signsFromMs: 2000 }),
      signingKey({ kid: 'old', signsFromMs: 1000, signsUntilMs: 2000 }),
    ];
    expect(planRotation(keys, schedule, 1950)).toBeUndefined();
    expect(planRotation(keys, schedule, 2900)?.predecessor?.kid).toBe('next');
  });

  it('if tokens never expire, no key does', () => {
    const keys = [signingKey({ kid: 'old', signsFromMs: 1000 })];
    const plan = planRotation(keys, { ...schedule, longestLifetimeMs: undefined }, 1900);
    expect(plan?.predecessor).toEqual({ kid: 'old', signsUntilMs: 2000, publishedUntilMs: undefined });
  });

  it('a key is done when its signing period is over', () => {
    expect(isDone(signingKey(), Infinity)).toBe(false);
    expect(isDone(signingKey({ signsUntilMs: 10 }), 9)).toBe(false);
    expect(isDone(signingKey({ signsUntilMs: 10 }), 10)).toBe(true);
  });
});
