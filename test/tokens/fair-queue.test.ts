import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairQueue, type FairQueueOptions } from '../../src/tokens/fair-queue.js';

/** A queue whose work ends when the test says so. */
function createStage(options: Partial<FairQueueOptions> = {}) {
  const run = createFairQueue({ width: 1, maxPerNetwork: 100, maxWaiting: 1000, ...options });
  const started: string[] = [];
  const refused: string[] = [];
  const ends: (() => void)[] = [];
  return {
    started,
    refused,
    /** `net/caller`, or the caller of its own network. */
    ask(who: string, label = who) {
      const [network = '', name = ''] = who.split('/');
      return run({ network, name }, () => {
        started.push(label);
        return new Promise<void>((resolve) => ends.push(resolve));
      }).then((result) => {
        if (result === 'busy') refused.push(label);
      });
    },
    /** Ends all work, and later work too, until nothing runs. */
    async finish() {
      for (let end = ends.shift(); end; end = ends.shift()) {
        end();
        await turnOfTheLoop();
      }
    },
  };
}

describe('a fair queue', () => {
  it('alternates between networks, and between callers within a network', async () => {
    const stage = createStage();
    for (let i = 0; i < 4; i++) void stage.ask('busy/a');
    void stage.ask('busy/b');
    void stage.ask('other/c');
    void stage.ask('other/c');
    await stage.finish();
    expect(stage.started).toEqual(['busy/a', 'busy/a', 'other/c', 'busy/b', 'other/c', 'busy/a', 'busy/a']);
    expect(stage.refused).toEqual([]);
  });

  it('refuses the newest waiter of a full network, and none of another', async () => {
    const stage = createStage({ maxPerNetwork: 2 });
    for (const label of ['1', '2', '3', '4']) void stage.ask('a/x', label);
    void stage.ask('b/y', 'other');
    await stage.finish();
    expect(stage.refused).toEqual(['4']);
    expect(stage.started).toEqual(['1', '2', 'other', '3']);
  });

  it('takes a place from the caller with the most waiters for one with none', async () => {
    const inNetwork = createStage({ maxPerNetwork: 3 });
    for (const label of ['1', '2', '3', '4']) void inNetwork.ask('a/greedy', label);
    void inNetwork.ask('a/modest', 'modest');
    await inNetwork.finish();
    expect([inNetwork.refused, inNetwork.started.includes('modest')]).toEqual([['4'], true]);

    const inAll = createStage({ maxWaiting: 3 });
    for (const label of ['1', '2', '3', '4']) void inAll.ask('greedy/x', label);
    void inAll.ask('modest/x', 'modest');
    await inAll.finish();
    expect([inAll.refused, inAll.started.includes('modest')]).toEqual([['4'], true]);
  });

  it('passes the slot on when work rejects', async () => {
    const run = createFairQueue({ width: 1, maxPerNetwork: 9, maxWaiting: 9 });
    const caller = { network: 'n', name: 'c' };
    const failing = run(caller, () => Promise.reject(new Error('broken')));
    const next = run(caller, () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('done');
  });

  it('never runs more than its width at once, keeps its bounds, and settles every call', async () => {
    const caller = fc.record({ network: fc.constantFrom('a', 'b', 'c'), name: fc.constantFrom('x', 'y') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 12 }),
        async (callers, width, maxPerNetwork, maxWaiting) => {
          const run = createFairQueue({ width, maxPerNetwork, maxWaiting });
          let running = 0;
          let most = 0;
          const results = await Promise.all(
            callers.map((each) =>
              run(each, async () => {
                most = Math.max(most, (running += 1));
                await turnOfTheLoop();
                running -= 1;
                return 'done';
              }),
            ),
          );
          expect(most).toBeLessThanOrEqual(width);
          const done = results.filter((result) => result === 'done').length;
          expect(done).toBeGreaterThanOrEqual(Math.min(callers.length, width));
          expect(done).toBeLessThanOrEqual(width + maxWaiting);
        },
      ),
      { numRuns: 60 },
    );
  });
});
