/** The metrics of several workers: sums do not fall when a worker ends or does not respond, and removed routes leave. */
import { expect, it } from 'vitest';
import type { Measurements, Metrics } from '../../src/telemetry/metrics.js';
import { CollectedMetrics } from '../../src/workers/collected-metrics.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import { routeOf } from '../model/route-of.js';
import { parseExposition, valueOf } from '../support/exposition.js';
import { metricsWith, settingsOf } from '../telemetry/metrics-fixture.js';
import { recordOf } from '../telemetry/record-of.js';

const A = routeOf('GET /a');
const B = routeOf('GET /b');
const SETTINGS = settingsOf([A, B], { metrics: { byApp: true } });

interface FakeWorker {
  readonly metrics: Metrics;
  responds: boolean;
}

const workerWith = (requests: number): FakeWorker => {
  const metrics = metricsWith(SETTINGS);
  const principal = { ...ANONYMOUS, issuer: 'main', app: 'an-app' };
  for (let i = 0; i < requests; i++) metrics.add(recordOf({ route: A, principal, upstreamMs: 1 }));
  return { metrics, responds: true };
};

function collect(workers: FakeWorker[]) {
  const collected = new CollectedMetrics<FakeWorker>({
    workers: () => [...workers],
    measure: ({ metrics, responds }): Promise<Measurements | undefined> =>
      responds ? metrics.collect() : Promise.resolve(undefined),
    endedWorkers: () => 3,
  });
  const scrape = async () => parseExposition(await collected.text());
  return { collected, scrape };
}

const LABELS = { route: 'GET /a', method: 'GET', status: '2xx' };
const HISTOGRAM = 'tollgate_request_duration_seconds_count';

it('counts of a worker that has ended stay in the sums, and its state does not', async () => {
  const workers = [workerWith(3), workerWith(4)];
  const { scrape } = collect(workers);
  const before = await scrape();
  expect(valueOf(before, 'tollgate_requests_total', LABELS)).toBe(7);
  expect(valueOf(before, 'tollgate_requests_in_flight_max')).toBe(20_000);
  workers.splice(0, 1);
  expect(valueOf(await scrape(), 'tollgate_requests_total', LABELS)).toBe(7);
  workers.push(workerWith(1));
  const after = await scrape();
  expect(valueOf(after, 'tollgate_requests_total', LABELS)).toBe(8);
  expect(valueOf(after, 'tollgate_workers_ended_total')).toBe(3);
  expect(valueOf(after, HISTOGRAM, { route: 'GET /a' })).toBe(8);
  expect(valueOf(after, 'tollgate_requests_in_flight_max')).toBe(20_000);
  expect(valueOf(after, 'tollgate_build_info', { version: '1.2.3', node: process.version })).toBe(1);
  workers.splice(0, 2, workerWith(0), workerWith(0));
  expect(valueOf(await scrape(), 'tollgate_requests_total', LABELS)).toBe(8);
});

it('counts of a worker that does not respond in time are those that it reported last', async () => {
  const workers = [workerWith(3), workerWith(4)];
  const { scrape } = collect(workers);
  await scrape();
  workers[1]!.responds = false;
  const silent = await scrape();
  expect(valueOf(silent, 'tollgate_requests_total', LABELS)).toBe(7);
  expect(valueOf(silent, 'tollgate_requests_in_flight_max')).toBe(10_000);
  workers[1]!.responds = true;
  workers[1]!.metrics.add(recordOf({ route: A }));
  expect(valueOf(await scrape(), 'tollgate_requests_total', LABELS)).toBe(8);
});

it('a reload is counted once, also when the worker that saw it has ended', async () => {
  const workers = [workerWith(0), workerWith(0)];
  const { scrape } = collect(workers);
  for (const { metrics } of workers) metrics.countReload(true);
  const reloads = async () => valueOf(await scrape(), 'tollgate_config_reloads_total', { result: 'success' });
  expect(await reloads()).toBe(1);
  workers.splice(0, 1, workerWith(0));
  expect(await reloads()).toBe(1);
});

it('what the file no longer has leaves the counts of ended workers', async () => {
  const workers = [workerWith(3), workerWith(4)];
  const { collected, scrape } = collect(workers);
  await scrape();
  workers.splice(0, 2, workerWith(0));
  expect(await collected.text()).toContain('an-app');
  const settings = settingsOf([B]);
  workers[0]!.metrics.applySettings(settings);
  collected.applySettings(settings);
  const text = await collected.text();
  expect(text).not.toContain('GET /a');
  expect(text).not.toContain('an-app');
  const found = parseExposition(text);
  expect(valueOf(found, 'tollgate_refusals_total', { route: 'none', reason: 'no_route' })).toBe(0);
  expect(valueOf(found, 'tollgate_upstream_duration_seconds_count', { upstream: A.upstream.name })).toBe(7);
});
