/** Traffic: what is kept, for how long, and how much memory it can take. */
import { describe, expect, it } from 'vitest';
import { BUCKET_MS, type TrafficBucket } from '../../src/telemetry/traffic-bucket.js';
import { sumTraffic } from '../../src/telemetry/traffic-sum.js';
import { MAX_PAIRS } from '../../src/telemetry/traffic-cells.js';
import { Traffic } from '../../src/telemetry/traffic.js';
import { exchangeRecord, type Exchange } from './traffic-fixture.js';

const START = Date.UTC(2026, 10, 22, 10);
const EXCHANGE: Exchange = { route: 'GET /a', app: ['main', 'a'], status: 200, durationMs: 5 };

function open(): { traffic: Traffic; clock: { ms: number }; finished: TrafficBucket[] } {
  const clock = { ms: START };
  const finished: TrafficBucket[] = [];
  const traffic = new Traffic({ now: () => clock.ms, onFinished: (bucket) => finished.push(bucket) });
  return { traffic, clock, finished };
}

const hour = { from: START / BUCKET_MS, steps: 1, stepBuckets: 360 };

describe('traffic', () => {
  it('is kept for an hour', () => {
    const { traffic, clock } = open();
    traffic.add(exchangeRecord(EXCHANGE));
    clock.ms += 359 * BUCKET_MS;
    expect(traffic.buckets()).toHaveLength(1);
    clock.ms += BUCKET_MS;
    expect(traffic.buckets()).toHaveLength(0);
  });

  it('is handed on when its ten seconds are over, once, and not where there was none', () => {
    const { traffic, clock, finished } = open();
    traffic.add(exchangeRecord(EXCHANGE));
    traffic.advance();
    expect(finished).toHaveLength(0);
    for (let bucket = 0; bucket < 3; bucket++) {
      clock.ms += BUCKET_MS;
      traffic.advance();
    }
    expect(finished.map(({ at }) => at)).toEqual([START / BUCKET_MS]);
  });

  it('continues in the same bucket while the clock is set back', () => {
    const { traffic, clock } = open();
    clock.ms -= 3 * BUCKET_MS;
    traffic.add(exchangeRecord(EXCHANGE));
    expect(traffic.buckets().map(({ at }) => at)).toEqual([START / BUCKET_MS]);
  });

  it('has the endpoint for every request, and no app beyond the bound', async () => {
    const { traffic } = open();
    const count = MAX_PAIRS + 50;
    for (let app = 0; app < count; app++)
      traffic.add(exchangeRecord({ ...EXCHANGE, app: ['main', `app-${app}`] }));
    const { endpoints, apps } = await sumTraffic(traffic.buckets(), hour);
    expect(endpoints.get('GET /a')?.requests).toBe(count);
    expect(apps).toHaveLength(MAX_PAIRS);
  });

  it('does not keep a very long app id', async () => {
    const { traffic } = open();
    traffic.add(exchangeRecord({ ...EXCHANGE, app: ['main', 'x'.repeat(5000)] }));
    const [bucket] = traffic.buckets();
    expect(bucket?.apps).toEqual([]);
    expect((await sumTraffic([bucket!], hour)).requests[0]).toBe(1);
  });

  it('does not count the duration of a tunnel as latency', async () => {
    const { traffic } = open();
    traffic.add(exchangeRecord({ ...EXCHANGE, status: 101, durationMs: 3_600_000 }));
    const { durations, requests } = await sumTraffic(traffic.buckets(), hour);
    expect(requests[0]).toBe(1);
    expect(durations[0]?.some((count) => count > 0)).toBe(false);
  });

  it('drops the oldest buckets before their hour is over where all take too much memory', () => {
    const clock = { ms: START };
    const traffic = new Traffic({ now: () => clock.ms, maxBytes: 10_000 });
    for (let bucket = 0; bucket < 100; bucket++) {
      for (let app = 0; app < 50; app++)
        traffic.add(exchangeRecord({ ...EXCHANGE, app: ['main', `app-${app}`], durationMs: app + 1 }));
      clock.ms += BUCKET_MS;
      traffic.advance();
    }
    const held = traffic.buckets();
    const bytes = held.reduce((sum, { cells, apps }) => sum + cells.length + 8 * apps.length, 0);
    expect(bytes).toBeLessThan(10_000);
    expect(bytes).toBeGreaterThan(8_000);
    expect(held.at(-1)?.at).toBe(START / BUCKET_MS + 99);
  });
});
