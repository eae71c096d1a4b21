import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANONYMOUS } from '../../src/model/principal.js';
import type { Revocation } from '../../src/model/revocation.js';
import { createStreamWatcher, type StreamWatcher } from '../../src/revocation/stream-watcher.js';
import { RevokedSet } from '../../src/revocation/revoked-set.js';
import { caller, revocation } from './support.js';

const T = 1_700_000_000_000;
const SKEW_MS = 30_000;
const DAY_MS = 86_400_000;

let streamWatcher: StreamWatcher;
let ended: string[];

/** Revocations that are replaced by hand. */
const revocations = {
  set: new RevokedSet([]),
  listener: (): void => undefined,
  isRevoked: (principal: Parameters<RevokedSet['has']>[0]) => revocations.set.has(principal),
  onChange(listener: () => void) {
    revocations.listener = listener;
    return () => undefined;
  },
  replace(...some: Revocation[]) {
    revocations.set = new RevokedSet(some);
    revocations.listener();
  },
};

const note = (name: string) => () => void ended.push(name);

beforeEach(() => {
  vi.useFakeTimers({ now: T });
  ended = [];
  revocations.set = new RevokedSet([]);
  streamWatcher = createStreamWatcher({ revocations, clockSkewMs: () => SKEW_MS, now: Date.now });
});
afterEach(() => void vi.useRealTimers());

describe('a stream watcher', () => {
  it('ends the streams of a revoked caller, once, and no others', () => {
    streamWatcher.watch(caller(), note('one'));
    streamWatcher.watch(caller(), note('two'));
    streamWatcher.watch(caller({ issuer: 'partner' }), note('other'));
    revocations.replace(revocation());
    revocations.replace(revocation(), revocation({ id: 'x' }));
    expect(ended).toEqual(['one', 'two']);
  });

  it('follows only the revocations that it is rebound to, at once if its caller is already revoked there', () => {
    streamWatcher.watch(caller(), note('one'));
    streamWatcher.watch(caller({ issuer: 'partner' }), note('other'));
    let stopped = 0;
    const former = revocations.listener;
    const next = {
      ...revocations,
      set: new RevokedSet([revocation()]),
      onChange: () => () => (stopped += 1),
    };
    next.isRevoked = (principal) => next.set.has(principal);
    streamWatcher.rebind({ revocations: next, clockSkewMs: () => 0 });
    expect(ended).toEqual(['one']);
    revocations.set = new RevokedSet([revocation({ issuer: 'partner' })]);
    former();
    expect(ended).toEqual(['one']);
    streamWatcher.watch(caller({ issuer: 'partner', expiresAtMs: T + 10 }), note('without skew'));
    vi.advanceTimersByTime(10);
    expect(ended).toEqual(['one', 'without skew']);
    streamWatcher.rebind({ revocations: undefined, clockSkewMs: () => 0 });
    expect(stopped).toBe(1);
  });

  it('ends a stream when its token expires, clock skew included', () => {
    streamWatcher.watch(caller({ expiresAtMs: T + 1000 }), note('one'));
    vi.advanceTimersByTime(1000 + SKEW_MS - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['one']);
    revocations.replace(revocation());
    expect(ended).toEqual(['one']);
  });

  it('waits for the whole lifetime of a token, though no timer can wait so long', () => {
    streamWatcher.watch(caller({ expiresAtMs: T + 60 * DAY_MS - SKEW_MS }), note('one'));
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['one']);
  });

  it('follows the clock if it disagrees with the timers', () => {
    streamWatcher.watch(caller({ expiresAtMs: T + 1000 }), note('one'));
    vi.setSystemTime(T - 5000);
    vi.advanceTimersByTime(1000 + SKEW_MS);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(5000);
    expect(ended).toEqual(['one']);
  });

  it('has no timer for a token that never expires, nor for the anonymous caller', () => {
    streamWatcher.watch(caller(), note('one'));
    streamWatcher.watch(ANONYMOUS, note('nobody'));
    expect(vi.getTimerCount()).toBe(0);
    revocations.replace(revocation({ issuer: undefined }));
    expect(ended).toEqual(['one']);
  });

  it('ends a stream in the next tick if its caller was revoked since its admission, or has expired', () => {
    revocations.replace(revocation());
    streamWatcher.watch(caller(), note('revoked'));
    streamWatcher.watch(caller({ app: 'app-2', expiresAtMs: T - SKEW_MS - 1 }), note('expired'));
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['revoked', 'expired']);
  });

  it('ends nothing and leaves no timer after it is released', () => {
    streamWatcher.watch(caller({ expiresAtMs: T + 1000 }), note('one'))();
    expect(vi.getTimerCount()).toBe(0);
    revocations.replace(revocation());
    vi.advanceTimersByTime(DAY_MS);
    expect(ended).toEqual([]);
  });

  it('ends streams when their tokens expire even if nothing can be revoked', () => {
    const alone = createStreamWatcher({ revocations: undefined, clockSkewMs: () => 0, now: Date.now });
    alone.watch(caller({ expiresAtMs: T + 10 }), note('one'));
    vi.advanceTimersByTime(10);
    expect(ended).toEqual(['one']);
  });
});
