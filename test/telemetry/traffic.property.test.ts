/** Traffic counts as a list of all exchanges would, for any exchanges, times and ranges. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentileOf, latencyClassOf } from '../../src/telemetry/latency-scale.js';
import { BUCKET_MS, type TrafficBucket } from '../../src/telemetry/traffic-bucket.js';
import { bucketFromText, bucketToText } from '../../src/telemetry/traffic-text.js';
import { sumTraffic, type TrafficRange, type TrafficSum } from '../../src/telemetry/traffic-sum.js';
import { Traffic } from '../../src/telemetry/traffic.js';
import { exchangeRecord, type Exchange } from './traffic-fixture.js';

const START = Date.UTC(2026, 10, 22, 10);

const anyApp = fc.constantFrom(
  undefined,
  ['main', 'a'] as const,
  ['main', 'b'] as const,
  ['other', 'a'] as const,
);
const anyOutcome = fc.constantFrom<readonly [status: number, reason: string | undefined]>(
  [200, undefined],
  [404, undefined],
  [429, 'rate_limited'],
  [403, 'insufficient_scope'],
  [404, 'no_route'],
  [503, 'limits_unavailable'],
  [500, undefined],
  [499, 'client_gone'],
);
const anyExchange: fc.Arbitrary<Exchange> = fc
  .record({
    route: fc.constantFrom('none', 'GET /a', 'GET /b'),
    app: anyApp,
    outcome: anyOutcome,
    shadow: fc.constantFrom(undefined, undefined, 'rate_limited' as const, 'insufficient_scope' as const),
    durationMs: fc.double({ min: 0.1, max: 59_999, noNaN: true }),
  })
  .map(({ outcome: [status, reason], ...rest }) => ({ ...rest, status, reason }));

/** Exchanges, each with the time since the one before. */
const anyHistory = fc.array(fc.tuple(anyExchange, fc.integer({ min: 0, max: 4 * BUCKET_MS })), {
  maxLength: 120,
});

interface Timed extends Exchange {
  readonly atMs: number;
}

function play(history: readonly (readonly [Exchange, number])[]): {
  traffic: Traffic;
  all: Timed[];
  endMs: number;
} {
  let nowMs = START;
  const traffic = new Traffic({ now: () => nowMs });
  const all = history.map(([exchange, waitMs]): Timed => {
    nowMs += waitMs;
    traffic.advance();
    traffic.add(exchangeRecord(exchange));
    return { ...exchange, atMs: nowMs };
  });
  return { traffic, all, endMs: nowMs };
}

const isRefused = ({ status, reason }: Exchange): boolean =>
  status >= 400 && status < 500 && reason !== undefined && reason !== 'client_gone';
const countBy = (list: readonly string[]): Record<string, number> =>
  list.reduce<Record<string, number>>((sum, one) => ({ ...sum, [one]: (sum[one] ?? 0) + 1 }), {});
const totals = (series: ReadonlyMap<string, Float64Array>): Record<string, number> =>
  Object.fromEntries(
    [...series].map(([reason, counts]) => [reason, counts.reduce((sum, one) => sum + one, 0)]),
  );

/** Compares a sum with the exchanges that are in it. */
function expectSame(
  sum: TrafficSum,
  exchanges: readonly Timed[],
  { from, steps, stepBuckets }: TrafficRange,
): void {
  for (let step = 0; step < steps; step++) {
    const begin = (from + step * stepBuckets) * BUCKET_MS;
    const within = exchanges.filter(({ atMs }) => atMs >= begin && atMs < begin + stepBuckets * BUCKET_MS);
    const failed = within.filter(({ status }) => status >= 500).length;
    expect(sum.requests[step]).toBe(within.length);
    expect(sum.failed[step]).toBe(failed);
    expect(sum.admitted[step]).toBe(within.length - failed - within.filter(isRefused).length);
    for (const part of [0.5, 0.99]) expectPercentile(percentileOf(sum.durations[step]!, part), within, part);
  }
  expect(totals(sum.refused)).toEqual(countBy(exchanges.filter(isRefused).map(({ reason }) => reason!)));
  expect(totals(sum.shadow)).toEqual(countBy(exchanges.flatMap(({ shadow }) => shadow ?? [])));
  const endpoints = [...sum.endpoints].map(([route, { requests }]) => [route, requests] as const);
  expect(Object.fromEntries(endpoints)).toEqual(countBy(exchanges.map(({ route }) => route)));
  const apps = sum.apps.map(({ issuer, app, requests }) => [`${issuer} ${app}`, requests] as const);
  expect(Object.fromEntries(apps)).toEqual(countBy(exchanges.flatMap(({ app }) => app?.join(' ') ?? [])));
}

function expectPercentile(found: number | null, within: readonly Timed[], part: number): void {
  const sorted = within.map(({ durationMs }) => durationMs).sort((one, other) => one - other);
  const exact = sorted[Math.max(1, Math.ceil(sorted.length * part)) - 1];
  if (exact === undefined) expect(found).toBeNull();
  else expect(Math.abs(found! - exact) / exact).toBeLessThan(0.05);
}

function rangeAt(endMs: number, steps: number, stepBuckets: number): TrafficRange {
  return { from: Math.floor(endMs / BUCKET_MS) + 1 - steps * stepBuckets, steps, stepBuckets };
}

describe('traffic', () => {
  it('has the sums of the exchanges, by step, reason, endpoint and app', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory,
        fc.constantFrom([90, 1] as const, [60, 6] as const),
        async (history, [steps, width]) => {
          const { traffic, all, endMs } = play(history);
          const range = rangeAt(endMs, steps, width);
          const inRange = all.filter(({ atMs }) => atMs >= range.from * BUCKET_MS);
          expectSame(await sumTraffic(traffic.buckets(), range), inRange, range);
        },
      ),
    );
  });

  it('of some apps is the sum of their exchanges alone', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const { traffic, all, endMs } = play(history);
        const range = {
          ...rangeAt(endMs, 60, 6),
          includes: ({ issuer }: { issuer: string }) => issuer === 'main',
        };
        const own = all.filter(({ app, atMs }) => app?.[0] === 'main' && atMs >= range.from * BUCKET_MS);
        expectSame(await sumTraffic(traffic.buckets(), range), own, range);
      }),
    );
  });

  it('of two gateways is the sum of both, also where one is read as text', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyHistory, async (one, other) => {
        const [here, there] = [play(one), play(other)];
        const range = rangeAt(Math.max(here.endMs, there.endMs), 20, 20);
        const read = there.traffic.buckets().map((bucket) => bucketFromText(bucketToText(bucket))!);
        const sum = await sumTraffic([...here.traffic.buckets(), ...read], range);
        const kept = ({ all, endMs }: typeof here): Timed[] =>
          all.filter(({ atMs }) => Math.floor(atMs / BUCKET_MS) > Math.floor(endMs / BUCKET_MS) - 360);
        expectSame(
          sum,
          [...kept(here), ...kept(there)].filter(({ atMs }) => atMs >= range.from * BUCKET_MS),
          range,
        );
      }),
    );
  });

  it('read from any text is a bucket or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(bucketFromText(text)).toBeUndefined();
      }),
    );
  });

  it('read from a damaged text never throws', () => {
    const { traffic } = play([[{ route: 'GET /a', app: ['main', 'a'], status: 200, durationMs: 3 }, 0]]);
    const [bucket] = traffic.buckets() as [TrafficBucket];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (cells) => {
        const read = bucketFromText(bucketToText({ ...bucket, cells }));
        if (read) expect(read.routes).toEqual(bucket.routes);
      }),
    );
  });
});

describe('a percentile', () => {
  it('is within 5 % of the exact one, from 0.1 ms to 60 s', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 59_999.9, noNaN: true }), (ms) => {
        const counts = new Float64Array(200);
        counts[latencyClassOf(ms)] = 1;
        expect(Math.abs(percentileOf(counts, 0.99)! - ms) / ms).toBeLessThan(0.05);
      }),
      { numRuns: 2000 },
    );
  });
});
