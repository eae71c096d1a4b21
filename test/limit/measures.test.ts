/** What the step `limit` reports of its checks. */
import { expect, it } from 'vitest';
import { createLimit } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import type { CheckResult } from '../../src/limit/store.js';
import type { FailurePolicy } from '../../src/model/limit.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import { Refusal } from '../../src/model/refusal.js';
import { makeRoute } from '../support/route.js';

const LIMIT = {
  requests: 1,
  windowMs: 60_000,
  by: 'ip',
  share: undefined,
  name: undefined,
  id: 'a',
} as const;

/** The reports of two requests. */
async function reportsOf(
  onFailure: FailurePolicy,
  result: 'unavailable' | 'full' | undefined,
  checkRevocation?: () => Refusal,
): Promise<string[]> {
  const reports: string[] = [];
  const memory = createMemoryStore({ maxKeys: 10, now: () => 1000 });
  const consume = (...args: Parameters<typeof memory.consume>): CheckResult | Promise<CheckResult> =>
    Promise.resolve(result ?? memory.consume(...args));
  const limit = createLimit({
    store: { consume },
    local: memory,
    draftHeaders: false,
    ...(checkRevocation && { checkRevocation }),
    measures: {
      limitCheck: (check) => void reports.push(check),
      redisFallback: () => void reports.push('fallback'),
    },
  });
  const route = makeRoute({ limits: [LIMIT], onFailure });
  for (let i = 0; i < 2; i++) await limit(ANONYMOUS, route, '192.0.2.1');
  return reports;
}

it.each([
  ['local', undefined, ['admitted', 'refused']],
  ['local', 'unavailable', ['fallback', 'admitted', 'fallback', 'refused']],
  ['open', 'unavailable', ['fallback', 'uncounted', 'fallback', 'uncounted']],
  ['closed', 'unavailable', ['fallback', 'unavailable', 'fallback', 'unavailable']],
  ['open', 'full', ['uncounted', 'uncounted']],
  ['closed', 'full', ['unavailable', 'unavailable']],
] as const)('with on_failure: %s and a store that says %s it reports %j', async (policy, result, reports) => {
  expect(await reportsOf(policy, result)).toEqual(reports);
});

it('it reports nothing of a caller that was revoked while the store counted', async () => {
  expect(await reportsOf('local', undefined, () => new Refusal('invalid_token'))).toEqual([]);
});

it('it reports nothing of a route without limits', async () => {
  const reports: string[] = [];
  const memory = createMemoryStore({ maxKeys: 10, now: () => 1000 });
  const report = (): void => void reports.push('check');
  const measures = { limitCheck: report, redisFallback: report };
  const limit = createLimit({ store: memory, local: undefined, draftHeaders: false, measures });
  await limit(ANONYMOUS, makeRoute({ limits: [] }), '192.0.2.1');
  expect(reports).toEqual([]);
});
