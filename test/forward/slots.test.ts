import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callerOf, type CallersExchange } from '../../src/forward/caller.js';
import { ConcurrencyLimiter, type Holder, type Waiter } from '../../src/forward/concurrency-limiter.js';
import { ANONYMOUS } from '../../src/model/principal.js';

function exchangeOf(caller: string): CallersExchange {
  return { head: { clientIp: caller }, admission: { principal: ANONYMOUS } } as CallersExchange;
}

/** Callers that take and release slots, as exchanges do. */
function createTarget(size: number, queueSize = 4 * size) {
  const slots = new ConcurrencyLimiter(size, queueSize);
  const holders: Holder[] = [];
  const waiters: Waiter[] = [];
  const crowdedOut: string[] = [];
  const hold = (caller: string): void => {
    const holder: Holder = {
      exchange: exchangeOf(caller),
      older: undefined,
      newer: undefined,
      onTokenEnded: () => undefined,
    };
    holders.push(holder);
    slots.add(holder);
  };
  return {
    slots,
    waiters,
    crowdedOut,
    held: (caller: string) =>
      holders.filter((holder) => callerOf(holder.exchange) === `network ${caller}`).length,
    total: () => holders.length,
    acquire(caller: string, count = 1) {
      let last = '';
      for (let i = 0; i < count; i++) {
        const waiter: Waiter = {
          exchange: exchangeOf(caller),
          onSlot() {
            waiters.splice(waiters.indexOf(waiter), 1);
            hold(caller);
            return true;
          },
          onCrowdedOut() {
            waiters.splice(waiters.indexOf(waiter), 1);
            crowdedOut.push(caller);
          },
          onTokenEnded: () => undefined,
        };
        last = slots.acquire(waiter);
        if (last === 'acquired') hold(caller);
        if (last === 'queued') waiters.push(waiter);
      }
      return last;
    },
    release(caller: string, count = 1) {
      for (let i = 0; i < count; i++) {
        const at = holders.findIndex((holder) => callerOf(holder.exchange) === `network ${caller}`);
        if (at === -1) return;
        const [holder] = holders.splice(at, 1);
        slots.remove(holder!);
        slots.release();
      }
    },
  };
}

describe('The slots of a target', () => {
  it('go to one caller up to seven eighths, and the rest to others', () => {
    const target = createTarget(256);
    target.acquire('a', 300);
    expect(target.held('a')).toBe(224);
    expect(target.acquire('b', 28)).toBe('acquired');
    expect(target.held('b')).toBe(28);
    expect(target.acquire('c')).toBe('acquired');
  });

  it('all go to one caller if there are fewer than eight', () => {
    const target = createTarget(4);
    target.acquire('a', 5);
    expect(target.held('a')).toBe(4);
    target.acquire('b');
    target.release('a');
    expect([target.held('a'), target.held('b')]).toEqual([3, 1]);
  });

  it('go, when released, to the waiting caller that holds the fewest', () => {
    const target = createTarget(256);
    target.acquire('a', 1000);
    target.acquire('b', 200);
    const before = target.held('b');
    expect(before).toBeLessThan(32);
    target.release('a', 90);
    expect(target.held('b')).toBeGreaterThan(before + 70);
    expect(target.held('a')).toBeLessThan(140);
  });

  it('are taken in turns if there is only one, for any number of waiters of one caller', () => {
    const target = createTarget(1);
    target.acquire('a', 4);
    target.acquire('b', 2);
    const order: string[] = [];
    for (let i = 0; i < 4; i++) {
      const [holder] = ['a', 'b'].filter((caller) => target.held(caller) === 1);
      order.push(holder!);
      target.release(holder!);
    }
    expect(order).toEqual(['a', 'b', 'a', 'b']);
  });

  it('are assigned to the requests of one caller in order', () => {
    const target = createTarget(1);
    target.acquire('a', 3);
    const [first, second] = target.waiters;
    target.release('a');
    expect(target.waiters).toEqual([second]);
    expect(first).not.toBe(second);
  });

  it('have a queue in which one caller leaves room for others', () => {
    const target = createTarget(8, 8);
    target.acquire('a', 15);
    expect(target.waiters).toHaveLength(8);
    expect(target.acquire('a')).toBe('full');
    target.acquire('b');
    target.acquire('b', 3);
    expect(target.crowdedOut).toContain('a');
    expect(
      target.waiters.filter(({ exchange }) => exchange.head.clientIp === 'b').length + target.held('b'),
    ).toBe(4);
  });

  it('are never exceeded and never lost, in any sequence of arrivals and departures', () => {
    const step = fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 40 }), (size, steps) => {
        const target = createTarget(size);
        for (const [asks, caller, count] of steps) {
          if (asks) target.acquire(caller, count);
          else target.release(caller, count);
          expect(target.total()).toBeLessThanOrEqual(size);
          expect(target.slots.load).toBe(target.total() + target.waiters.length);
          // A caller that holds nothing never waits while a slot is free.
          for (const waiter of target.waiters) {
            expect(target.held(waiter.exchange.head.clientIp) === 0 && target.slots.hasFreeSlot).toBe(false);
          }
        }
        while (target.total() > 0) for (const caller of ['a', 'b', 'c']) target.release(caller, 1);
        expect(target.slots.idle).toBe(true);
      }),
    );
  });
});
