/** The contract of reading counts, run against every store of limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimitDecision, LimitState, LimitStore } from '../../src/limit/store.js';
import type { LimitPolicy } from '../../src/model/limit.js';
import { policy } from '../limit/policies.js';
import { take, type StoreUnderTest } from './limit-store.js';

/** A store whose clock stands still between steps. */
export interface FrozenStore {
  readonly store: LimitStore;
  /** Moves the store's clock to a time, epoch milliseconds. */
  readonly setTime: (ms: number) => void;
  /** What the store holds under the keys, byte for byte, where that can be seen from outside. */
  readonly contents?: (keys: readonly string[]) => Promise<unknown>;
  readonly close: () => Promise<void> | void;
}

async function look(
  store: LimitStore,
  keys: string[],
  limits: LimitPolicy[],
): Promise<readonly LimitState[]> {
  const states = await store.inspect(keys, limits);
  if (states === 'unavailable') throw new Error('the store is unavailable');
  return states;
}

const limit = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 250, max: 300 })),
    fc.constantFrom(1000, 1500, 4000),
  )
  .map(([requests, windowMs]) => policy(requests, windowMs));

/** Mostly small steps, some idle times, and a clock that sometimes steps back; N changes as after a reload. */
const sequences = fc.array(
  fc.record({
    passMs: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom(-200, 0, 999, 1000, 1001, 4000),
      fc.integer({ min: 0, max: 2000 }),
    ),
    limits: fc.uniqueArray(limit, { minLength: 1, maxLength: 3, selector: ({ windowMs }) => windowMs }),
    burst: fc.constantFrom(1, 2, 5, 13),
    withStates: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10 },
);

/**
 * The contract on a clock that the test sets: what is read is what the next check decides, and a store that is read decides
 * as one that is not.
 */
export function describeInspect(
  name: string,
  open: () => Promise<FrozenStore> | FrozenStore,
  numRuns: number,
): void {
  describe(`reading counts in ${name}`, () => {
    it('agrees with what the next check decides, and changes nothing, in any sequence; so do the states of a decision', async () => {
      await fc.assert(
        fc.asyncProperty(sequences, async (steps) => {
          const { store, setTime, contents, close } = await open();
          const twin = await open();
          let time = 1_790_000_000_000;
          try {
            for (const { passMs, limits, burst, withStates } of steps) {
              setTime((time += passMs));
              twin.setTime(time);
              const keys = limits.map(({ windowMs }) => `{a}:${windowMs}`);
              for (let i = 0; i < burst; i++) {
                const before = await contents?.(keys);
                const states = await look(store, keys, limits);
                expect(await contents?.(keys)).toEqual(before);
                const decision = await store.consume(keys, limits, withStates);
                if (typeof decision === 'string') throw new Error(decision);
                agree(states, limits, decision, time);
                expect(decision).toEqual(await twin.store.consume(keys, limits, withStates));
                expect(decision.states).toEqual(withStates ? await look(store, keys, limits) : undefined);
              }
            }
          } finally {
            await Promise.all([close(), twin.close()]);
          }
        }),
        { numRuns },
      );
    }, 60_000);
  });
}

/** Compares what was read with the decision that followed at the same time. */
function agree(
  states: readonly LimitState[],
  limits: readonly LimitPolicy[],
  decision: LimitDecision,
  now: number,
): void {
  for (const [i, { used, remaining, resetAtMs }] of states.entries()) {
    expect(remaining).toBe(Math.max(0, limits[i]!.requests - used));
    if (used === 0) expect(resetAtMs).toBe(now);
    else expect(resetAtMs).toBeGreaterThan(now);
  }
  const exhausted = states.filter(({ remaining }) => remaining === 0);
  expect(decision.admitted).toBe(exhausted.length === 0);
  const deciding = states[decision.decidingLimit]!;
  if (decision.admitted) {
    expect(decision.remaining).toBe(Math.min(...states.map(({ remaining }) => remaining)) - 1);
    expect(decision.remaining).toBe(deciding.remaining - 1);
    // Where one entry stands for several requests, the request that was counted may have moved its time.
    if (deciding.used > 0 && limits[decision.decidingLimit]!.requests <= 256)
      expect(decision.resetAtMs).toBeGreaterThanOrEqual(deciding.resetAtMs);
  } else {
    expect(decision.resetAtMs).toBe(Math.max(...exhausted.map(({ resetAtMs }) => resetAtMs)));
    expect(decision.resetAtMs).toBe(deciding.resetAtMs);
  }
}

/** The contract on the store's own clock. */
export function describeInspectInRealTime(
  name: string,
  open: () => Promise<StoreUnderTest> | StoreUnderTest,
): void {
  describe.concurrent(`reading counts in ${name}, by its own clock`, () => {
    async function using(body: (opened: StoreUnderTest) => Promise<void>): Promise<void> {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    }

    it('an empty window has nothing used, and resets at once', () =>
      using(async ({ store, now }) => {
        const before = Math.floor(await now());
        const [state] = await look(store, ['{a}:k'], [policy(3, 60_000)]);
        expect(state).toMatchObject({ used: 0, remaining: 3 });
        expect(state!.resetAtMs).toBeGreaterThanOrEqual(before - 1);
        expect(state!.resetAtMs).toBeLessThanOrEqual((await now()) + 1);
      }));

    it('reading as often as one likes uses up nothing', () =>
      using(async ({ store }) => {
        const limits = [policy(2, 60_000)];
        const first = await take(store, ['{a}:k'], limits);
        for (let i = 0; i < 10; i++)
          expect(await look(store, ['{a}:k'], limits)).toEqual([
            { used: 1, remaining: 1, resetAtMs: first.resetAtMs },
          ]);
        expect(await take(store, ['{a}:k'], limits)).toMatchObject({ admitted: true, remaining: 0 });
        expect(await look(store, ['{a}:k'], limits)).toEqual([
          { used: 2, remaining: 0, resetAtMs: first.resetAtMs },
        ]);
      }));

    it('reads windows of several subjects at once, in the order of the keys', () =>
      using(async ({ store }) => {
        const many = Array.from({ length: 150 }, (_, i) => ({ key: `{s${i}}:k`, limit: policy(9, 60_000) }));
        for (let n = 0; n < 3; n++)
          await Promise.all(
            many.filter((_, i) => n < i % 4).map(({ key, limit }) => take(store, [key], [limit])),
          );
        const states = await look(
          store,
          many.map(({ key }) => key),
          many.map(({ limit }) => limit),
        );
        expect(states.map(({ used }) => used)).toEqual(many.map((_, i) => i % 4));
      }));

    it('the same count can be read under several N', () =>
      using(async ({ store }) => {
        const at = (requests: number) => policy(requests, 60_000);
        for (let i = 0; i < 5; i++) await take(store, ['{a}:k'], [at(10)]);
        const states = await look(store, ['{a}:k', '{a}:k'], [at(10), at(3)]);
        expect(states.map(({ used, remaining }) => [used, remaining])).toEqual([
          [5, 5],
          [5, 0],
        ]);
      }));
  });
}
