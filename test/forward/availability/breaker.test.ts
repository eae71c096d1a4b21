import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitBreaker, type AttemptResult } from '../../../src/forward/availability/breaker.js';

const SETTINGS = { failureRate: 0.5, requests: 4, windowMs: 1000, cooldownMs: 500 };

/** Starts an exchange and ends it at once. */
function pass(breaker: CircuitBreaker, verdict: AttemptResult, nowMs: number) {
  const ticket = breaker.begin(nowMs);
  return ticket === undefined ? 'refused' : breaker.end(ticket, verdict, nowMs);
}

function opened(nowMs: number): CircuitBreaker {
  const breaker = new CircuitBreaker(SETTINGS);
  for (let turn = 0; turn < 4; turn += 1) pass(breaker, 'bad', nowMs);
  return breaker;
}

describe('A closed breaker', () => {
  it('opens when the failure rate is reached with enough requests, not before', () => {
    const breaker = new CircuitBreaker(SETTINGS);
    for (const verdict of ['bad', 'good', 'good'] as const) {
      expect(pass(breaker, verdict, 0)).toBeUndefined();
    }
    expect(breaker.admits(0)).toBe(true);
    expect(pass(breaker, 'bad', 0)).toBe('opened');
    expect(breaker.admits(0)).toBe(false);
    expect(breaker.begin(0)).toBeUndefined();
  });

  it('stays closed below the rate', () => {
    const breaker = new CircuitBreaker(SETTINGS);
    for (let turn = 0; turn < 300; turn += 1) pass(breaker, turn % 3 === 2 ? 'bad' : 'good', turn);
    expect(breaker.isClosed).toBe(true);
  });

  it('forgets what is older than the window', () => {
    const breaker = new CircuitBreaker(SETTINGS);
    for (const nowMs of [0, 300, 600]) pass(breaker, 'bad', nowMs);
    expect(pass(breaker, 'bad', 1100)).toBeUndefined();
    expect(pass(breaker, 'bad', 1150)).toBe('opened');
  });

  it('counts in its window exactly as a naive one does', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 400 }), isBad: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = new CircuitBreaker(SETTINGS);
        const seen: { step: number; isBad: boolean }[] = [];
        let nowMs = 0;
        for (const { waitMs, isBad } of steps) {
          nowMs += waitMs;
          seen.push({ step: Math.floor(nowMs / 100), isBad });
          const window = seen.filter((each) => each.step > Math.floor(nowMs / 100) - 10);
          const failed = window.filter((each) => each.isBad).length;
          const shouldOpen = isBad && window.length >= 4 && failed >= window.length / 2;
          expect(pass(breaker, isBad ? 'bad' : 'good', nowMs)).toBe(shouldOpen ? 'opened' : undefined);
          if (shouldOpen) return;
        }
      }),
    );
  });

  it('does not count failures that the client caused', () => {
    const breaker = new CircuitBreaker(SETTINGS);
    for (let turn = 0; turn < 100; turn += 1) pass(breaker, 'none', 0);
    for (let turn = 0; turn < 3; turn += 1) expect(pass(breaker, 'bad', 0)).toBeUndefined();
    expect(pass(breaker, 'bad', 0)).toBe('opened');
  });
});

describe('An open breaker', () => {
  it('admits exactly one request after its cooldown, for any number of callers', () => {
    const breaker = opened(0);
    expect(breaker.admits(499)).toBe(false);
    expect(breaker.waitMs(100)).toBe(400);
    expect(breaker.begin(500)).toBeTypeOf('number');
    for (let turn = 0; turn < 10; turn += 1) expect(breaker.begin(500)).toBeUndefined();
  });

  it('closes when that request succeeds, with an empty failure count', () => {
    const breaker = opened(0);
    expect(pass(breaker, 'good', 500)).toBe('closed');
    for (let turn = 0; turn < 3; turn += 1) expect(pass(breaker, 'bad', 500)).toBeUndefined();
    expect(breaker.isClosed).toBe(true);
  });

  it('stays open for another cooldown when it fails', () => {
    const breaker = opened(0);
    expect(pass(breaker, 'bad', 500)).toBeUndefined();
    expect(breaker.admits(999)).toBe(false);
    expect(breaker.admits(1000)).toBe(true);
  });

  it('admits the next request at once if the client aborted that one', () => {
    const breaker = opened(0);
    pass(breaker, 'none', 500);
    expect(pass(breaker, 'good', 501)).toBe('closed');
  });

  it('admits another if that one has not ended within a cooldown, and ignores its late result', () => {
    const breaker = opened(0);
    const hanging = breaker.begin(500);
    expect(breaker.begin(999)).toBeUndefined();
    const second = breaker.begin(1000);
    expect(second).toBeTypeOf('number');
    expect(breaker.end(hanging!, 'bad', 1001)).toBeUndefined();
    expect(breaker.end(second!, 'good', 1002)).toBe('closed');
  });

  it('ignores results of requests that were admitted before it opened', () => {
    const breaker = new CircuitBreaker(SETTINGS);
    const early = breaker.begin(0);
    for (let turn = 0; turn < 4; turn += 1) pass(breaker, 'bad', 0);
    expect(breaker.end(early!, 'good', 100)).toBeUndefined();
    expect(breaker.admits(100)).toBe(false);
  });
});
