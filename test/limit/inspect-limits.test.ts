import { describe, expect, it } from 'vitest';
import { createInspectLimits, createLimit } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { LimitStore } from '../../src/limit/store.js';
import { app, policy, route } from './policies.js';

const START = 1_790_000_000_250;

/** Both functions over the same stores. */
function overMemory(isUp = true) {
  const memory = createMemoryStore({ maxKeys: 100, now: () => START });
  const unavailable: LimitStore = { consume: () => 'unavailable', inspect: () => 'unavailable' };
  const stores = { store: isUp ? memory : unavailable, local: memory };
  return {
    limit: createLimit({ ...stores, draftHeaders: false }),
    inspectLimits: createInspectLimits(stores),
  };
}

describe('inspecting the limits of a route', () => {
  it('gives each limit with its key and its state, and counts nothing', async () => {
    const { limit, inspectLimits } = overMemory();
    const minute = policy(10, 60_000);
    const hour = policy(100, 3_600_000, 'ip');
    const things = route([minute, hour]);
    await limit(app('one'), things, '192.0.2.1');
    for (let i = 0; i < 3; i++) {
      expect(await inspectLimits(app('one'), things, '192.0.2.1')).toEqual({
        source: 'store',
        limits: [
          {
            limit: minute,
            key: expect.stringMatching(/^\{a:project:one\}:[\w-]{10}$/) as string,
            state: { used: 1, remaining: 9, resetAtMs: START + 60_000 },
          },
          {
            limit: hour,
            key: expect.stringMatching(/^\{i:192\.0\.2\.1\}:[\w-]{10}$/) as string,
            state: { used: 1, remaining: 99, resetAtMs: START + 3_600_000 },
          },
        ],
      });
    }
  });

  it('reads the counts of that caller only', async () => {
    const { limit, inspectLimits } = overMemory();
    const things = route([policy(10, 60_000)]);
    await limit(app('one'), things, '');
    const { limits } = await inspectLimits(app('two'), things, '');
    expect(limits[0]!.state).toEqual({ used: 0, remaining: 10, resetAtMs: START });
  });

  it('of limits that share one count lists the lowest only, as the step does', async () => {
    const { inspectLimits } = overMemory();
    const { limits } = await inspectLimits(app('one'), route([policy(20, 60_000), policy(5, 60_000)]), '');
    expect(limits.map(({ limit }) => limit.requests)).toEqual([5]);
  });

  it('lists nothing for a route without limits', async () => {
    const { inspectLimits } = overMemory(false);
    expect(await inspectLimits(app('one'), route([]), '')).toEqual({ source: 'store', limits: [] });
  });

  it('reads what this replica counts where the store is unavailable and the route counts locally', async () => {
    const { limit, inspectLimits } = overMemory(false);
    const things = route([policy(10, 60_000)], 'local');
    await limit(app('one'), things, '');
    expect(await inspectLimits(app('one'), things, '')).toMatchObject({
      source: 'local',
      limits: [{ state: { used: 1, remaining: 9 } }],
    });
  });

  it.each(['open', 'closed'] as const)(
    'has no state where the store is unavailable and the route fails %s',
    async (onFailure) => {
      const { inspectLimits } = overMemory(false);
      const minute = policy(10, 60_000);
      expect(await inspectLimits(app('one'), route([minute], onFailure), '')).toMatchObject({
        source: 'unavailable',
        limits: [{ limit: minute, state: undefined }],
      });
    },
  );
});
