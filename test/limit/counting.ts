/** The step `limit` over a memory store, for its tests. */
import { createLimit, type Limit } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { Quota } from '../../src/model/limit.js';
import { Refusal } from '../../src/model/refusal.js';

/** The time at which each clock begins: epoch milliseconds. */
export const START = 1_790_000_000_250;

/** The step over a memory store, and its clock. */
export function counting({ draftHeaders = false, maxKeys = 100 } = {}) {
  const clock = { ms: START };
  const limit = createLimit({
    store: createMemoryStore({ maxKeys, now: () => clock.ms }),
    local: undefined,
    draftHeaders,
  });
  return { clock, limit: atOnce(limit) };
}

/** The step over a store that responds synchronously. */
export function atOnce(limit: Limit) {
  return (...request: Parameters<Limit>) => {
    const found = limit(...request);
    if (found instanceof Promise) throw new Error('answered later');
    return found;
  };
}

export function counted(found: unknown): Quota {
  if (found === undefined || found instanceof Refusal || found instanceof Promise)
    throw new Error('not counted');
  return found as Quota;
}

export function refused(found: Quota | Refusal | undefined): Refusal {
  if (!(found instanceof Refusal)) throw new Error('not refused');
  return found;
}
