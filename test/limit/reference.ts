/** A naive limiter that keeps every time, and random histories to compare a store with it. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { EXACT_UP_TO } from '../../src/limit/window.js';
import type { LimitDecision } from '../../src/limit/store.js';
import type { LimitPolicy } from '../../src/model/limit.js';
import { policy } from './policies.js';

interface History {
  /** Of one route: their keys consist of the subject and their index. */
  readonly limits: readonly (readonly [requests: number, windowMs: number])[];
  readonly steps: readonly { readonly passMs: number; readonly subject: string; readonly burst: number }[];
}

const limit = fc.tuple(
  fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 250, max: 300 }),
  ),
  fc.integer({ min: 1000, max: 4000 }),
);

/** Mostly small steps, some idle times, and a clock that sometimes steps back. */
const passMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 3, arbitrary: fc.integer({ min: 120, max: 2000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -300, max: -1 }) },
  { weight: 2, arbitrary: fc.constantFrom(999, 1000, 1001, 4000) },
);

export const histories: fc.Arbitrary<History> = fc.record({
  limits: fc.uniqueArray(limit, { minLength: 1, maxLength: 3, selector: ([, windowMs]) => windowMs }),
  steps: fc.array(
    fc.record({ passMs, subject: fc.constantFrom('x', 'y'), burst: fc.constantFrom(1, 1, 2, 5, 40) }),
    { minLength: 1, maxLength: 60 },
  ),
});

/** The reference's record of one key: the times of the admitted requests, in real time. */
class Moments {
  readonly all: number[] = [];

  constructor(readonly policy: LimitPolicy) {}

  inWindow(atMs: number, windowMs = this.policy.windowMs): number {
    return this.all.filter((moment) => moment + windowMs > atMs).length;
  }
}

type Decide<T> = (atMs: number, keys: string[], policies: LimitPolicy[]) => T;

/** Runs a history through a store's decision and compares each result with the reference. */
export function checkAgainstReference(history: History, decide: Decide<LimitDecision>): void {
  const run = checks(history, decide);
  for (let next = run.next(); !next.done; next = run.next(next.value));
}

/** The same for an asynchronous store. */
export async function checkAgainstReferenceAsync(
  history: History,
  decide: Decide<Promise<LimitDecision>>,
): Promise<void> {
  const run = checks(history, decide);
  for (let next = run.next(); !next.done; next = run.next(await next.value));
}

/** Yields each result of the store, and receives the check result that it gives. */
function* checks<T>({ limits, steps }: History, decide: Decide<T>): Generator<T, void, LimitDecision> {
  const policies = limits.map(([requests, windowMs]) => policy(requests, windowMs));
  const counts = new Map<string, Moments[]>();
  let realMs = 1_790_000_000_000;
  let clockMs = realMs;
  for (const { passMs: ms, subject, burst } of steps) {
    clockMs += ms;
    realMs += Math.max(0, ms);
    const moments = counts.get(subject) ?? policies.map((each) => new Moments(each));
    counts.set(subject, moments);
    const keys = policies.map((_, at) => `{${subject}}:${at}`);
    for (let i = 0; i < burst; i++) {
      const verdict = yield decide(clockMs, keys, policies);
      if (verdict.admitted) checkAdmitted(verdict, moments, realMs);
      // A clock that has stepped back makes a store refuse for longer; it must never make it admit more.
      else if (clockMs === realMs) checkRefused(verdict, moments, realMs);
      if (verdict.admitted) for (const each of moments) each.all.push(realMs);
    }
  }
}

function isFull(moments: readonly Moments[], atMs: number): boolean {
  return moments.some((each) => each.inWindow(atMs) >= each.policy.requests);
}

function checkAdmitted(verdict: LimitDecision, moments: readonly Moments[], atMs: number): void {
  expect(isFull(moments, atMs), 'never more than N').toBe(false);
  const left = moments.map((each) => each.policy.requests - each.inWindow(atMs) - 1);
  expect(verdict.remaining).toBeLessThanOrEqual(Math.min(...left));
}

function checkRefused(verdict: LimitDecision, moments: readonly Moments[], atMs: number): void {
  expect(
    moments.some((each) => lateCount(each, atMs) >= each.policy.requests),
    'no later than allowed',
  ).toBe(true);
  if (moments.every((each) => each.policy.requests <= EXACT_UP_TO)) {
    expect(verdict.resetAtMs).toBe(resetOf(moments, atMs));
    expect(verdict.waitMs).toBe(verdict.resetAtMs - atMs);
  }
}

/** What a store may still count: the window, and a sixtieth more if it uses buckets. */
function lateCount(moments: Moments, atMs: number): number {
  const { requests, windowMs } = moments.policy;
  return moments.inWindow(atMs, requests > EXACT_UP_TO ? windowMs + windowMs / 60 : windowMs);
}

/** When the exhausted limit that resets last admits again. */
function resetOf(moments: readonly Moments[], atMs: number): number {
  const resets = moments
    .filter((each) => each.inWindow(atMs) >= each.policy.requests)
    .map((each) => each.all[each.all.length - each.policy.requests]! + each.policy.windowMs);
  return Math.max(...resets);
}
