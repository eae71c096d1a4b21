/** The metrics as Prometheus reads them: what they measure, and when. */
import { expect, it } from 'vitest';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { settingsOf, SOURCES } from './metrics-fixture.js';
import { recordOf } from './record-of.js';
import { routeOf } from '../model/route-of.js';

/** The samples of one metric, as written. */
async function samples(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

it('gauges show the state at the time of the request', async () => {
  let isUp: boolean | undefined = true;
  let targets = [
    { upstream: 'a', target: 'http://10.0.0.1', isUp: true },
    { upstream: 'a', target: 'http://10.0.0.2', isUp: false },
  ];
  let open = 3;
  const metrics = createMetrics({
    ...SOURCES,
    isRedisUp: () => isUp,
    targets: () => targets,
    connections: () => Promise.resolve(open),
    inFlight: () => open + 1,
  });
  expect(await samples(metrics, 'tollgate_redis_up')).toEqual(['tollgate_redis_up 1']);
  expect(await samples(metrics, 'tollgate_upstream_target_up')).toEqual([
    'tollgate_upstream_target_up{upstream="a",target="http://10.0.0.1"} 1',
    'tollgate_upstream_target_up{upstream="a",target="http://10.0.0.2"} 0',
  ]);
  expect(await samples(metrics, 'tollgate_connections')).toEqual(['tollgate_connections 3']);
  expect(await samples(metrics, 'tollgate_requests_in_flight ')).toEqual(['tollgate_requests_in_flight 4']);
  [isUp, targets, open] = [false, targets.slice(1), 0];
  expect(await samples(metrics, 'tollgate_redis_up')).toEqual(['tollgate_redis_up 0']);
  expect(await samples(metrics, 'tollgate_upstream_target_up')).toHaveLength(1);
  expect(await samples(metrics, 'tollgate_connections')).toEqual(['tollgate_connections 0']);
  isUp = undefined;
  expect(await samples(metrics, 'tollgate_redis_up')).toEqual([]);
});

it('reloads are counted by their result, and the last one is shown, separately for each gateway', async () => {
  const [metrics, other] = [createMetrics(SOURCES), createMetrics(SOURCES)];
  const told = (one: typeof metrics) => samples(one, 'tollgate_config_');
  const fresh = [
    'tollgate_config_reloads_total{result="success"} 0',
    'tollgate_config_reloads_total{result="failure"} 0',
    'tollgate_config_last_reload_successful 1',
  ];
  expect(await told(metrics)).toEqual(fresh);
  metrics.countReload(true);
  metrics.countReload(false);
  expect(await told(metrics)).toEqual([
    'tollgate_config_reloads_total{result="success"} 1',
    'tollgate_config_reloads_total{result="failure"} 1',
    'tollgate_config_last_reload_successful 0',
  ]);
  metrics.countReload(true);
  expect((await told(metrics)).at(-1)).toBe('tollgate_config_last_reload_successful 1');
  expect(await told(other)).toEqual(fresh);
  expect(await samples(other, 'process_resident_memory_bytes ')).toHaveLength(1);
});

it('refusals in shadow begin at 0 for each reason that a route can have, and end with the rule', async () => {
  const scoped = (...scopes: string[]) => routeOf('GET /a', { scope: { mode: 'all', scopes } });
  const limit = {
    requests: 1,
    windowMs: 1000,
    by: 'app',
    share: undefined,
    name: undefined,
    id: 'a',
  } as const;
  const one: Route = { ...scoped(), shadow: { ...scoped('a'), limits: [limit] } };
  const claim = { path: ['org'], name: 'org', test: 'is', values: ['a'] } as const;
  const two: Route = { ...routeOf('GET /b'), shadow: { ...routeOf('GET /b'), require: [claim] } };
  const metrics = createMetrics(SOURCES);
  metrics.applySettings(settingsOf([one, two, routeOf('GET /c')]));
  const counts = () => samples(metrics, 'tollgate_shadow_refusals_total');
  const line = (route: string, reason: string, count: number) =>
    `tollgate_shadow_refusals_total{route="${route}",reason="${reason}"} ${count}`;
  expect(await counts()).toEqual([
    line('GET /a', 'insufficient_scope', 0),
    line('GET /a', 'rate_limited', 0),
    line('GET /b', 'insufficient_claims', 0),
  ]);
  metrics.add(recordOf({ route: one, shadow: new Refusal('rate_limited') }));
  metrics.add(recordOf({ route: two, shadow: new Refusal('insufficient_claims') }));
  metrics.applySettings(settingsOf([{ ...one, shadow: { ...scoped(), limits: [limit] } }]));
  // A request that began before the reload.
  metrics.add(recordOf({ route: two, shadow: new Refusal('insufficient_claims') }));
  expect(await counts()).toEqual([line('GET /a', 'rate_limited', 1)]);
});
