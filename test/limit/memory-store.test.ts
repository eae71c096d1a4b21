import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { CheckResult } from '../../src/limit/store.js';
import { describeInspect, describeInspectInRealTime } from '../contract/inspect-limits.js';
import { describeLimitStore, type StoreUnderTest } from '../contract/limit-store.js';
import { checkAgainstReference, histories } from './reference.js';
import { policy } from './policies.js';

function openStore(): StoreUnderTest {
  let time = 1_790_000_000_000;
  return {
    store: createMemoryStore({ maxKeys: 1000, now: () => time }),
    now: () => time,
    pass: (ms) => void (time += ms),
    close: () => undefined,
  };
}

describeLimitStore('the memory store', openStore);
describeInspectInRealTime('the memory store', openStore);
describeInspect(
  'the memory store',
  () => {
    let time = 0;
    const store = createMemoryStore({ maxKeys: 1000, now: () => time });
    return { store, setTime: (ms) => void (time = ms), close: () => undefined };
  },
  100,
);

/** A store with an adjustable clock. */
function atTime(start: number, maxKeys = 100) {
  const clock = { ms: start };
  const store = createMemoryStore({ maxKeys, now: () => clock.ms });
  const admits = (key: string, requests = 1, windowMs = 1000) =>
    admitted(store.consume([key], [policy(requests, windowMs)]));
  return { clock, store, admits };
}

function admitted(taken: CheckResult | Promise<CheckResult>): boolean | string {
  if (taken instanceof Promise) throw new Error('memory answers at once');
  return typeof taken === 'string' ? taken : taken.admitted;
}

describe('the capacity of the memory store', () => {
  const strangers = (store: ReturnType<typeof createMemoryStore>, count: number) =>
    Array.from({ length: count }, (_, i) =>
      admitted(store.consume([`{i:${i}}:x`], [policy(1, 1000)], false, true)),
    );

  it('is reserved by a quarter for other keys than addresses of unauthenticated callers', () => {
    const { store, admits, clock } = atTime(5000);
    const taken = strangers(store, 200);
    expect(taken.filter((result) => result === true)).toHaveLength(75);
    for (let i = 0; i < 25; i++) expect(admits(`app-${i}`)).toBe(true);
    expect(admits('app-25')).toBe('full');
    // Their capacity is free again when their windows have ended.
    clock.ms = 6000;
    expect(strangers(store, 200).filter((result) => result === true)).toHaveLength(75);
  });

  it('can be used up by other keys, which leaves less to such addresses', () => {
    const { store, admits } = atTime(5000);
    for (let i = 0; i < 90; i++) expect(admits(`app-${i}`)).toBe(true);
    expect(strangers(store, 20).filter((result) => result === true)).toHaveLength(10);
    expect(admits('app-90')).toBe('full');
  });
});

describe('time in the memory store', () => {
  it('a request leaves the window exactly at its end, and not a millisecond sooner', () => {
    const { clock, admits } = atTime(5000);
    expect(admits('k')).toBe(true);
    clock.ms = 5999;
    expect(admits('k')).toBe(false);
    clock.ms = 6000;
    expect(admits('k')).toBe(true);
  });

  it('fractions of a millisecond never shorten a window', () => {
    const { clock, admits } = atTime(5000.9);
    expect(admits('k')).toBe(true);
    clock.ms = 6000.8;
    expect(admits('k')).toBe(false);
    clock.ms = 6001;
    expect(admits('k')).toBe(true);
  });

  it('a clock that steps back stands still for a count until it has caught up', () => {
    const { clock, admits } = atTime(10_000);
    expect(admits('k', 2)).toBe(true);
    clock.ms = 4000;
    expect(admits('k', 2)).toBe(true);
    expect(admits('k', 2)).toBe(false);
    clock.ms = 10_999;
    expect(admits('k', 2)).toBe(false);
    clock.ms = 11_000;
    expect(admits('k', 2)).toBe(true);
  });
});

describe('the memory store against a naive reference', () => {
  it('decides like the reference, never admits more than N in a window, and is late by less than a sixtieth', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const clock = { ms: 0 };
        const store = createMemoryStore({ maxKeys: 100, now: () => clock.ms });
        checkAgainstReference(history, (atMs, keys, limits) => {
          clock.ms = atMs;
          const taken = store.consume(keys, limits);
          if (taken instanceof Promise || typeof taken === 'string')
            throw new Error('memory answers at once');
          return taken;
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('the keys of the memory store', () => {
  it('a new key beyond the maximum is not counted, and an active one is never evicted for it', () => {
    const { admits } = atTime(0, 2);
    expect(admits('a')).toBe(true);
    expect(admits('b')).toBe(true);
    expect(admits('c')).toBe('full');
    expect(admits('a')).toBe(false);
    expect(admits('b')).toBe(false);
  });

  it('a key whose window has passed is replaced, whichever window ends first', () => {
    const { clock, admits } = atTime(0, 3);
    admits('long', 1, 60_000);
    admits('a', 2);
    admits('b');
    clock.ms = 500;
    admits('a', 2);
    clock.ms = 1000;
    expect(admits('c')).toBe(true);
    expect(admits('d')).toBe('full');
    clock.ms = 1500;
    expect(admits('d')).toBe(true);
    expect(admits('long', 1, 60_000)).toBe(false);
  });

  it('a request with several limits is counted under all of its keys or under none', () => {
    const { store, clock } = atTime(0, 3);
    const limits = [policy(5, 1000), policy(5, 2000)];
    expect(admitted(store.consume(['a1', 'a2'], limits))).toBe(true);
    expect(admitted(store.consume(['b1', 'b2'], limits))).toBe('full');
    expect(store.consume(['a1'], [policy(5, 1000)])).toMatchObject({ remaining: 3 });
    clock.ms = 1000;
    expect(admitted(store.consume(['b1', 'b2'], limits))).toBe(true);
  });

  it('a refused key is not reported as full', () => {
    const { store } = atTime(0, 1);
    expect(admitted(store.consume(['a'], [policy(1, 1000)]))).toBe(true);
    expect(admitted(store.consume(['a', 'b'], [policy(1, 1000), policy(1, 2000)]))).toBe(false);
  });

  it('expired keys are removed as others are counted, a few at a time', () => {
    const { clock, admits } = atTime(0, 10_000);
    for (let i = 0; i < 10_000; i++) expect(admits(`old${i}`)).toBe(true);
    clock.ms = 1000;
    for (let i = 0; i < 10_000; i++) expect(admits(`new${i}`)).toBe(true);
    expect(admits('one more')).toBe('full');
  });
});
