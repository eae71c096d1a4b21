/** The metric by app: it is off by default, and bounded. */
import { expect, it } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import { routeOf } from '../model/route-of.js';
import { valueOf, type Family } from '../support/exposition.js';
import { metricsWith, scrape, settingsOf } from './metrics-fixture.js';
import { recordOf } from './record-of.js';

const ROUTE = routeOf('GET /a');
const OFF = settingsOf([ROUTE]);
const ON = settingsOf([ROUTE], { metrics: { byApp: true } });
const METRIC = 'tollgate_app_requests_total';
const callerOf = (app: string, issuer = 'main'): Principal => ({ ...ANONYMOUS, issuer, app });
const series = (found: ReadonlyMap<string, Family>) => found.get(METRIC)!.samples;

it('has no app id unless the file says so, and forgets them when it no longer does', async () => {
  const metrics = metricsWith(OFF);
  const add = () => metrics.add(recordOf({ route: ROUTE, principal: callerOf('the-app') }));
  add();
  expect(await metrics.text()).not.toContain('the-app');
  metrics.applySettings(ON);
  add();
  add();
  metrics.add(recordOf({ route: ROUTE, principal: callerOf('the-app'), status: 429 }));
  metrics.add(recordOf({ route: ROUTE, principal: ANONYMOUS }));
  metrics.add(recordOf({ route: ROUTE }));
  const labels = { issuer: 'main', app: 'the-app' };
  const found = await scrape(metrics);
  expect(valueOf(found, METRIC, { ...labels, status: '2xx' })).toBe(2);
  expect(valueOf(found, METRIC, { ...labels, status: '4xx' })).toBe(1);
  expect(series(found)).toHaveLength(2);
  metrics.applySettings(OFF);
  add();
  expect(await metrics.text()).not.toContain('the-app');
  metrics.applySettings(ON);
  add();
  expect(valueOf(await scrape(metrics), METRIC, { ...labels, status: '2xx' })).toBe(1);
});

it('tells 1,000 apps apart and counts the others together', async () => {
  const metrics = metricsWith(ON);
  for (let app = 0; app < 3000; app++)
    metrics.add(recordOf({ route: ROUTE, principal: callerOf(`app ${app}`) }));
  metrics.applySettings(settingsOf([ROUTE], { metrics: { byApp: true } }));
  const found = await scrape(metrics);
  expect(series(found)).toHaveLength(1001);
  expect(valueOf(found, METRIC, { issuer: 'other', app: 'other', status: '2xx' })).toBe(2000);
});

it('drops the apps of an issuer that the file no longer has, whose places are free again', async () => {
  const metrics = metricsWith(ON);
  for (let app = 0; app < 1000; app++) metrics.add(recordOf({ principal: callerOf(`app ${app}`) }));
  const [main] = ON.issuers;
  metrics.applySettings({ ...ON, issuers: [{ ...main!, name: 'another' }] });
  expect(series(await scrape(metrics))).toEqual([]);
  metrics.add(recordOf({ principal: callerOf('app', 'another') }));
  const labels = { issuer: 'another', app: 'app', status: '2xx' };
  expect(valueOf(await scrape(metrics), METRIC, labels)).toBe(1);
});

it('writes hostile ids so that they stay one label', async () => {
  const metrics = metricsWith(ON);
  const ids = ['a"} 1\ntollgate_ready 0', 'back\\slash', 'x\\n"', '{}', 'é\u2028'];
  for (const id of ids) metrics.add(recordOf({ principal: callerOf(id) }));
  const found = await scrape(metrics);
  expect(series(found).map(({ labels }) => labels['app'])).toEqual(ids);
  expect(valueOf(found, 'tollgate_ready')).toBe(1);
});

it('counts an app with an id of more than 256 characters with the others', async () => {
  const metrics = metricsWith(ON);
  metrics.add(recordOf({ principal: callerOf('a'.repeat(256)) }));
  metrics.add(recordOf({ principal: callerOf('b'.repeat(257)) }));
  expect(series(await scrape(metrics)).map(({ labels }) => labels['app'])).toEqual([
    'a'.repeat(256),
    'other',
  ]);
});
