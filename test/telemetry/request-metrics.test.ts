/** The metrics of requests: what is counted under which labels, and how many series there can be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../src/model/reasons.js';
import { BROKEN_BODY } from '../../src/model/record.js';
import { REFUSAL_REASONS } from '../../src/model/refusal.js';
import type { TokenServiceSettings } from '../../src/model/tokens.js';
import { METHODS, REASONS, STATUSES } from '../../src/telemetry/route-counts.js';
import { routeOf } from '../model/route-of.js';
import { seriesCount, valueOf } from '../support/exposition.js';
import { metricsWith, scrape, settingsOf } from './metrics-fixture.js';
import { recordOf } from './record-of.js';

const ROUTE = routeOf('GET /a/{id}', { scope: { mode: 'all', scopes: ['a'] } });
const label = 'GET /a/{id}';

describe('A request', () => {
  it('counts by route, method and status, and by the duration of itself and of its upstream', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    metrics.add(recordOf({ route: ROUTE, durationMs: 25, upstreamMs: 2.4 }));
    metrics.add(recordOf({ route: ROUTE, durationMs: 25.1, upstreamMs: 20_000, status: 503 }));
    metrics.add(recordOf({ route: ROUTE, method: 'HEAD', status: 304 }));
    const found = await scrape(metrics);
    const requests = (method: string, status: string) =>
      valueOf(found, 'tollgate_requests_total', { route: label, method, status });
    expect(['2xx', '4xx', '5xx', '3xx'].map((status) => requests('GET', status))).toEqual([
      1,
      0,
      1,
      undefined,
    ]);
    expect(requests('HEAD', '3xx')).toBe(1);
    const within = (le: string) =>
      valueOf(found, 'tollgate_request_duration_seconds_bucket', { route: label, le });
    expect(['0.001', '0.01', '0.025', '0.05', '+Inf'].map(within)).toEqual([0, 1, 2, 3, 3]);
    expect(valueOf(found, 'tollgate_request_duration_seconds_sum', { route: label })).toBeCloseTo(0.0531);
    const { name: upstream } = ROUTE.upstream;
    expect(valueOf(found, 'tollgate_upstream_duration_seconds_bucket', { upstream, le: '10' })).toBe(1);
    expect(valueOf(found, 'tollgate_upstream_duration_seconds_count', { upstream })).toBe(2);
  });

  it('without a route counts as none, and one of the token service under its endpoint', async () => {
    const endpoints = { keySecret: {}, clientCredentials: {}, password: undefined, named: undefined };
    const tokens = { endpoints } as unknown as TokenServiceSettings;
    const metrics = metricsWith(settingsOf([ROUTE], { tokens }));
    metrics.add(recordOf({ status: 404, reason: 'no_route' }));
    metrics.add(recordOf({ endpoint: 'key_secret', method: 'POST' }));
    metrics.add(recordOf({ endpoint: 'key_secret', method: 'POST', status: 401, reason: 'invalid_client' }));
    const found = await scrape(metrics);
    expect(valueOf(found, 'tollgate_requests_total', { route: 'none', method: 'GET', status: '4xx' })).toBe(
      1,
    );
    expect(valueOf(found, 'tollgate_refusals_total', { route: 'none', reason: 'no_route' })).toBe(1);
    expect(valueOf(found, 'tollgate_refusals_total', { route: 'key_secret', reason: 'invalid_client' })).toBe(
      1,
    );
    expect(valueOf(found, 'tollgate_tokens_issued_total', { endpoint: 'key_secret' })).toBe(1);
    expect(valueOf(found, 'tollgate_tokens_issued_total', { endpoint: 'client_credentials' })).toBe(0);
    expect(valueOf(found, 'tollgate_tokens_issued_total', { endpoint: 'password' })).toBeUndefined();
  });

  it('that became a tunnel counts, but its length is no duration of a request', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    metrics.add(recordOf({ route: ROUTE, status: 101, durationMs: 3_600_000, upstreamMs: 1 }));
    const found = await scrape(metrics);
    expect(valueOf(found, 'tollgate_requests_total', { route: label, method: 'GET', status: '1xx' })).toBe(1);
    expect(valueOf(found, 'tollgate_request_duration_seconds_count', { route: label })).toBe(0);
    expect(
      valueOf(found, 'tollgate_upstream_duration_seconds_count', { upstream: ROUTE.upstream.name }),
    ).toBe(1);
  });

  it('that fails before its response is a refusal, and after its begin a fault', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    metrics.add(recordOf({ route: ROUTE, status: 504, reason: 'upstream_timeout' }));
    metrics.add(recordOf({ route: ROUTE, status: 500, reason: 'internal_error' }));
    metrics.add(recordOf({ route: ROUTE, status: 200, reason: 'internal_error' }));
    metrics.add(recordOf({ route: ROUTE, status: 200, reason: 'upstream_reset_in_body' }));
    metrics.add(recordOf({ route: ROUTE, status: 499, reason: 'client_gone' }));
    const found = await scrape(metrics);
    const of = (metric: string, reason: string) =>
      valueOf(found, `tollgate_${metric}_total`, { route: label, reason });
    expect(of('refusals', 'upstream_timeout')).toBe(1);
    expect(of('refusals', 'internal_error')).toBe(1);
    expect(of('faults', 'internal_error')).toBe(1);
    expect(of('faults', 'upstream_reset_in_body')).toBe(1);
    expect(of('faults', 'client_gone')).toBe(1);
    expect(valueOf(found, 'tollgate_requests_total', { route: label, method: 'GET', status: '4xx' })).toBe(1);
  });
});

describe('The series', () => {
  it('begin at 0 where a first event must be seen', async () => {
    const metrics = metricsWith(settingsOf([ROUTE, routeOf('* /any')]));
    const before = await scrape(metrics);
    const statuses = (found: typeof before, route: string, method: string) =>
      STATUSES.map((status) => valueOf(found, 'tollgate_requests_total', { route, method, status }));
    expect(statuses(before, label, 'GET')).toEqual([undefined, 0, undefined, 0, 0]);
    expect(statuses(before, '* /any', 'GET')).toEqual(STATUSES.map(() => undefined));
    expect(valueOf(before, 'tollgate_refusals_total', { route: 'none', reason: 'overloaded' })).toBe(0);
    metrics.add(recordOf({ route: ROUTE }));
    metrics.add(recordOf({ route: routeOf('* /any'), method: 'POST' }));
    const after = await scrape(metrics);
    expect(statuses(after, '* /any', 'POST')).toEqual([undefined, 1, undefined, 0, 0]);
    const refusals = (reason: string) => valueOf(after, 'tollgate_refusals_total', { route: label, reason });
    expect(refusals('insufficient_scope')).toBe(0);
    expect(refusals('upstream_timeout')).toBe(0);
    expect(refusals('rate_limited')).toBeUndefined();
  });

  it('are bounded: 10,000 random requests add none that the file does not have', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    const text = fc.string({ maxLength: 30 });
    const record = fc.record({
      method: fc.oneof(text, fc.constantFrom(...METHODS)),
      status: fc.integer({ min: 0, max: 2000 }),
      reason: fc.option(fc.oneof(text, fc.constantFrom(...REFUSAL_REASONS, ...FAULTS, BROKEN_BODY)), {
        nil: undefined,
      }),
      route: fc.constantFrom(ROUTE, undefined),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    for (const one of fc.sample(record, 10_000)) metrics.add(recordOf(one));
    const found = await scrape(metrics);
    for (const name of ['requests', 'refusals', 'faults'])
      for (const { labels } of found.get(`tollgate_${name}_total`)!.samples) {
        expect([label, 'none']).toContain(labels['route']);
        if ('method' in labels) expect(METHODS).toContain(labels['method']);
        if ('reason' in labels) expect([...REASONS, ...FAULTS, BROKEN_BODY]).toContain(labels['reason']);
      }
    const before = seriesCount(found);
    for (const one of fc.sample(record, 10_000)) metrics.add(recordOf(one));
    expect(seriesCount(await scrape(metrics))).toBeLessThanOrEqual(before + 20);
    expect(before).toBeLessThan(400);
  });

  it('of a removed route are dropped, and 1,000 reloads with new routes leave no more than the first', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    metrics.add(recordOf({ route: ROUTE }));
    const atFirst = seriesCount(await scrape(metrics));
    for (let reload = 0; reload < 1000; reload++) {
      const route = { ...routeOf(`GET /r${reload}`, { scope: { mode: 'all', scopes: ['a'] } }) };
      metrics.applySettings(settingsOf([{ ...route, upstream: { ...route.upstream, name: `u${reload}` } }]));
      metrics.add(recordOf({ route }));
      // Requests of the file before the reload.
      metrics.add(recordOf({ route: ROUTE, upstreamMs: 1 }));
    }
    const found = await scrape(metrics);
    expect(seriesCount(found)).toBe(atFirst);
    expect(JSON.stringify([...found.values()])).not.toContain(label);
  });

  it('of a route that a reload keeps continue', async () => {
    const metrics = metricsWith(settingsOf([ROUTE]));
    metrics.add(recordOf({ route: ROUTE }));
    metrics.applySettings(settingsOf([routeOf('POST /b'), { ...ROUTE }]));
    metrics.add(recordOf({ route: ROUTE }));
    const found = await scrape(metrics);
    expect(valueOf(found, 'tollgate_requests_total', { route: label, method: 'GET', status: '2xx' })).toBe(2);
  });

  it('of 1,000 routes are read in a moment', async () => {
    const routes = Array.from({ length: 1000 }, (_, at) =>
      routeOf(`GET,POST /service-${at}/things/{id}`, { scope: { mode: 'all', scopes: ['a'] } }),
    );
    const metrics = metricsWith(settingsOf(routes));
    for (const route of routes) metrics.add(recordOf({ route }));
    const lengths: number[] = [];
    const times: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const startedAt = performance.now();
      lengths.push((await metrics.text()).length);
      times.push(performance.now() - startedAt);
    }
    expect(seriesCount(await scrape(metrics))).toBeLessThan(31_000);
    expect(Math.max(...lengths)).toBeLessThan(3_000_000);
    // 15 ms on an idle machine.
    expect(Math.min(...times)).toBeLessThan(300);
  });
});
