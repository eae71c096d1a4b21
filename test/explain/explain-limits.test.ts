/** The counts of an explanation name the same second as X-RateLimit-Reset. */
import { expect, it } from 'vitest';
import { describeLimits } from '../../src/explain/explain-limits.js';
import { load, onRoute } from '../config/planted.js';

it('an exhausted limit resets at the second that the header says, which is rounded up', async () => {
  const { settings } = await load(onRoute('limit: 3 per 10m'));
  const [route] = settings.routes;
  const [limit] = route!.limits;
  const state = { used: 3, remaining: 0, resetAtMs: Date.parse('2026-11-29T08:29:38.200Z') };
  const inspection = { source: 'store', limits: [{ limit: limit!, key: 'a', state }] } as const;
  const nowMs = Date.parse('2026-11-29T08:29:30.000Z');
  const { limits, checks } = describeLimits(inspection, route!, true, nowMs);
  expect(limits[0]?.reset).toBe(Date.parse('2026-11-29T08:29:39Z') / 1000);
  expect(checks[0]?.text).toMatch(/the next is admitted at 2026-11-29T08:29:39Z \(in 9s\)$/);
});
