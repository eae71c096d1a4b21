/** What the parts of a gateway report is counted, from 0 on, and leaves with what it belongs to. */
import { expect, it } from 'vitest';
import type { Issuer } from '../../src/model/issuer.js';
import type { RedisSettings } from '../../src/model/settings.js';
import { valueOf } from '../support/exposition.js';
import { metricsWith, scrape, settingsOf } from './metrics-fixture.js';

const issuerOf = (name: string, kind: string): Issuer => ({ name, keys: { kind } }) as unknown as Issuer;

it('readings of keys count for the issuers whose keys are read, until the file no longer has them', async () => {
  const issuers = [issuerOf('by-url', 'url'), issuerOf('of-file', 'file'), issuerOf('fixed', 'inline')];
  const metrics = metricsWith(settingsOf([], { issuers }));
  const { keysRead } = metrics.measures;
  // A reload reads the keys of an issuer before the file is in force.
  for (const issuer of ['by-url', 'of-file', 'fixed', 'later']) keysRead(issuer, 'failed');
  keysRead('by-url', 'ok');
  const fetches = async () =>
    (await scrape(metrics))
      .get('tollgate_jwks_fetches_total')!
      .samples.map(({ labels, value }) => `${labels['issuer']} ${labels['result']} ${value}`);
  expect(await fetches()).toEqual([
    'by-url success 1',
    'by-url failure 1',
    'of-file success 0',
    'of-file failure 1',
  ]);
  metrics.applySettings(settingsOf([], { issuers: [issuerOf('later', 'discovery')] }));
  expect(await fetches()).toEqual(['later success 0', 'later failure 1']);
  metrics.applySettings(settingsOf([], { issuers }));
  expect(await fetches()).toContain('by-url failure 0');
});

it('the metrics of Redis are absent without Redis', async () => {
  const metrics = metricsWith(settingsOf([]));
  metrics.measures.redisCall(0.4);
  metrics.measures.redisFallback();
  const of = async (name: string, labels = {}) =>
    valueOf(await scrape(metrics), `tollgate_redis_${name}`, labels);
  expect([await of('fallbacks_total'), await of('duration_seconds_count')]).toEqual([undefined, undefined]);
  metrics.applySettings(settingsOf([], { redis: {} as RedisSettings }));
  expect([await of('fallbacks_total'), await of('duration_seconds_count')]).toEqual([1, 1]);
  expect(await of('duration_seconds_bucket', { le: '0.00025' })).toBe(0);
  expect(await of('duration_seconds_bucket', { le: '0.0005' })).toBe(1);
});
