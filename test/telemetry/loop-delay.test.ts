/** The event loop's delay: logged when it was long, and not otherwise. */
import { afterEach, expect, it } from 'vitest';
import type { Log } from '../../src/model/log.js';
import { watchLoopDelay, type LoopDelay } from '../../src/telemetry/loop-delay.js';
import { until } from '../support/until.js';

const SPAN_MS = 200;
const BLOCKED_MS = 1200;

let watching: LoopDelay;
afterEach(() => watching.close());

function watch(): object[] {
  const warnings: object[] = [];
  const keep = (): void => undefined;
  const log: Log = { debug: keep, info: keep, error: keep, warn: (fields) => void warnings.push(fields) };
  watching = watchLoopDelay(log, SPAN_MS);
  return warnings;
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('A blocked loop causes one warning, with the same figure as the metrics', async () => {
  const warnings = watch();
  await new Promise((resolve) => setTimeout(resolve, SPAN_MS / 4));
  block(BLOCKED_MS);
  await until(() => warnings.length > 0);
  expect(warnings).toHaveLength(1);
  const { p99_ms: p99Ms, max_ms: maxMs } = warnings[0] as { p99_ms: number; max_ms: number };
  expect(maxMs).toBeGreaterThan(BLOCKED_MS - 100);
  expect(watching.current()).toEqual({ p99Ms, maxMs });
});

it('Afterwards the figure is that of the next interval', async () => {
  const warnings = watch();
  await new Promise((resolve) => setTimeout(resolve, SPAN_MS / 4));
  block(BLOCKED_MS);
  await until(() => warnings.length > 0);
  await until(() => watching.current().maxMs < BLOCKED_MS / 2);
});
