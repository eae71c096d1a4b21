/** The contract of every store of limits, run against each of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LimitStore, LimitDecision } from '../../src/limit/store.js';
import type { LimitPolicy } from '../../src/model/limit.js';
import { policy } from '../limit/policies.js';

/** One empty store, and its clock. */
export interface StoreUnderTest {
  readonly store: LimitStore;
  /** The store's own time. */
  readonly now: () => Promise<number> | number;
  /** Lets that much of the store's time pass, and on a real clock hardly more. */
  readonly pass: (ms: number) => Promise<void> | void;
  readonly close: () => Promise<void> | void;
}

export async function take(store: LimitStore, keys: string[], limits: LimitPolicy[]): Promise<LimitDecision> {
  const taken = await store.consume(keys, limits);
  if (typeof taken === 'string') throw new Error(`the store is ${taken}`);
  return taken;
}

export function describeLimitStore(name: string, open: () => Promise<StoreUnderTest> | StoreUnderTest): void {
  async function using(body: (opened: StoreUnderTest) => Promise<void>): Promise<void> {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.close();
    }
  }

  describe.concurrent(`the contract of a limit store, kept by ${name}`, () => {
    it('N requests are admitted, each with one fewer remaining, and the next is refused', () =>
      using(async ({ store }) => {
        const limits = [policy(3, 60_000)];
        const verdicts: LimitDecision[] = [];
        for (let i = 0; i < 4; i++) verdicts.push(await take(store, ['{a}:k'], limits));
        expect(verdicts.map(({ admitted, remaining }) => [admitted, remaining])).toEqual([
          [true, 2],
          [true, 1],
          [true, 0],
          [false, 0],
        ]);
      }));

    it('the reset is when the oldest counted request leaves, of a counted and of a refused request alike', () =>
      using(async ({ store, now, pass }) => {
        const limits = [policy(2, 60_000)];
        const before = await now();
        const first = await take(store, ['{a}:k'], limits);
        const after = await now();
        await pass(50);
        const second = await take(store, ['{a}:k'], limits);
        const refused = await take(store, ['{a}:k'], limits);
        expect(first.resetAtMs).toBeGreaterThanOrEqual(before + 60_000);
        expect(first.resetAtMs).toBeLessThanOrEqual(after + 60_001);
        expect(second.resetAtMs).toBe(first.resetAtMs);
        expect(refused.resetAtMs).toBe(first.resetAtMs);
        expect(refused.waitMs).toBeLessThanOrEqual(60_001 - 50 + 5);
      }));

    it('a caller that waits as long as the refusal says is admitted, and no sooner', () =>
      using(async ({ store, pass }) => {
        const limits = [policy(1, 1000)];
        await take(store, ['{a}:k'], limits);
        const refused = await take(store, ['{a}:k'], limits);
        await pass(refused.waitMs - 100);
        const sooner = await take(store, ['{a}:k'], limits);
        expect(sooner.admitted).toBe(false);
        await pass(sooner.waitMs);
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(true);
      }));

    it('refused requests are not counted', () =>
      using(async ({ store, pass }) => {
        const limits = [policy(2, 1000)];
        await take(store, ['{a}:k'], limits);
        await take(store, ['{a}:k'], limits);
        await pass(500);
        let refused = await take(store, ['{a}:k'], limits);
        for (let i = 0; i < 20; i++) refused = await take(store, ['{a}:k'], limits);
        // The second was counted a little after the first. What was refused would be counted for 500 ms more.
        await pass(refused.waitMs + 200);
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(true);
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(true);
      }));

    it('if one of several limits refuses, none counts', () =>
      using(async ({ store }) => {
        const small = policy(2, 60_000);
        const large = policy(10, 120_000);
        for (let i = 0; i < 8; i++) await take(store, ['{a}:s', '{a}:l'], [small, large]);
        // Two were admitted, so eight remain under the large limit.
        expect((await take(store, ['{a}:l'], [large])).remaining).toBe(7);
      }));

    it('an admitted request gets the result of the limit with the fewest remaining', () =>
      using(async ({ store }) => {
        const limits = [policy(10, 60_000), policy(4, 120_000)];
        const verdict = await take(store, ['{a}:1', '{a}:2'], limits);
        expect([verdict.decidingLimit, verdict.remaining]).toEqual([1, 3]);
      }));

    it('between limits with as many remaining, the one that resets later decides', () =>
      using(async ({ store }) => {
        const limits = [policy(4, 60_000), policy(4, 120_000), policy(4, 90_000)];
        expect((await take(store, ['{a}:1', '{a}:2', '{a}:3'], limits)).decidingLimit).toBe(1);
      }));

    it('a refused request gets the result of the exhausted limit that resets last', () =>
      using(async ({ store }) => {
        const limits = [policy(1, 60_000), policy(1, 120_000), policy(9, 300_000)];
        await take(store, ['{a}:1', '{a}:2', '{a}:3'], limits);
        const refused = await take(store, ['{a}:1', '{a}:2', '{a}:3'], limits);
        expect([refused.admitted, refused.decidingLimit, refused.remaining]).toEqual([false, 1, 0]);
        expect(refused.waitMs).toBeGreaterThan(119_000);
      }));

    it('keys are counted separately', () =>
      using(async ({ store }) => {
        const limits = [policy(1, 60_000)];
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(true);
        expect((await take(store, ['{b}:k'], limits)).admitted).toBe(true);
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(false);
      }));

    it('of concurrent requests exactly N are admitted', () =>
      using(async ({ store }) => {
        const limits = [policy(50, 60_000)];
        const verdicts = await Promise.all(Array.from({ length: 500 }, () => take(store, ['{a}:k'], limits)));
        expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(50);
      }));

    it('a count survives a change of N in both directions, across the two forms', () =>
      using(async ({ store }) => {
        const at = (requests: number) => take(store, ['{a}:k'], [policy(requests, 60_000)]);
        for (let i = 0; i < 100; i++) await at(200);
        expect((await at(400)).remaining).toBe(299);
        for (let i = 0; i < 49; i++) await at(400);
        expect((await at(200)).remaining).toBe(49);
        expect((await at(10)).admitted).toBe(false);
        expect((await at(1000)).remaining).toBe(1000 - 152);
      }));

    it('raising N admits again at once what was exhausted', () =>
      using(async ({ store }) => {
        const at = (requests: number) => take(store, ['{a}:k'], [policy(requests, 60_000)]);
        await at(1);
        expect((await at(1)).admitted).toBe(false);
        expect(await at(3)).toMatchObject({ admitted: true, remaining: 1 });
      }));

    it('after N is lowered, a refusal says when enough have left, not when the first has', () =>
      using(async ({ store, pass }) => {
        const at = (requests: number) => take(store, ['{a}:k'], [policy(requests, 1000)]);
        await at(3);
        await pass(500);
        await at(3);
        const refused = await at(1);
        expect(refused.admitted).toBe(false);
        // The first leaves after 500 ms, or less where time passes meanwhile.
        expect(refused.waitMs).toBeGreaterThan(500);
        await pass(refused.waitMs);
        expect((await at(1)).admitted).toBe(true);
      }));

    it('a limit of thousands admits N and is never late by more than a sixtieth of its window', () =>
      using(async ({ store, pass }) => {
        const limits = [policy(1000, 1200)];
        const burst = () => Promise.all(Array.from({ length: 700 }, () => take(store, ['{a}:k'], limits)));
        const admitted = (verdicts: LimitDecision[]) => verdicts.filter((verdict) => verdict.admitted).length;
        expect(admitted(await burst())).toBe(700);
        await pass(400);
        const second = await burst();
        expect(admitted(second)).toBe(300);
        await pass(second.find((verdict) => !verdict.admitted)!.waitMs);
        expect((await take(store, ['{a}:k'], limits)).admitted).toBe(true);
      }));
  });
}

/** Real time passes: a little more than requested, never less. */
export async function passRealTime(ms: number): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0; left = until - performance.now()) await sleep(Math.ceil(left));
}
