/** The busiest pairs of a route and an app. */
import { expect, it } from 'vitest';
import { Traffic } from '../../src/telemetry/traffic.js';
import { busiestPairs } from '../../src/telemetry/traffic-pairs.js';
import { exchangeRecord } from './traffic-fixture.js';

const START = 1_800_000_000_000;
const BUCKET_MS = 10_000;

function open() {
  const clock = { ms: START };
  const traffic = new Traffic({ now: () => clock.ms });
  function add(route: string, app: readonly [string, string] | undefined, count: number): void {
    for (let at = 0; at < count; at++)
      traffic.add(exchangeRecord({ route, app, status: 200, durationMs: 1 }));
  }
  function passBucket(): void {
    clock.ms += BUCKET_MS;
    traffic.advance();
  }
  return { traffic, add, passBucket };
}

const ALL = { from: START / BUCKET_MS, includesApp: () => true, includesRoute: () => true, most: 10 };

it('Pairs are added up over buckets, the busiest first, without callers that have no app', async () => {
  const { traffic, add, passBucket } = open();
  add('GET /a', ['main', 'one'], 2);
  add('GET /b', ['main', 'one'], 1);
  add('GET /a', undefined, 9);
  passBucket();
  add('GET /b', ['main', 'one'], 3);
  add('GET /a', ['other', 'one'], 1);
  const { pairs, total } = await busiestPairs(traffic.buckets(0), ALL);
  expect(pairs.map(({ app, route, requests }) => [app.issuer, app.app, route, requests])).toEqual([
    ['main', 'one', 'GET /b', 4],
    ['main', 'one', 'GET /a', 2],
    ['other', 'one', 'GET /a', 1],
  ]);
  expect(total).toBe(3);
});

it('Only the asked apps, routes and buckets are added, and only the busiest are returned', async () => {
  const { traffic, add, passBucket } = open();
  add('GET /a', ['main', 'early'], 9);
  passBucket();
  add('GET /a', ['main', 'one'], 1);
  add('GET /a', ['main', 'two'], 2);
  add('GET /b', ['main', 'two'], 2);
  add('GET /a', ['main', 'hidden'], 5);
  const { pairs, total } = await busiestPairs(traffic.buckets(0), {
    from: ALL.from + 1,
    includesApp: ({ app }) => app !== 'hidden',
    includesRoute: (label) => label === 'GET /a',
    most: 1,
  });
  expect(pairs.map(({ app, requests }) => [app.app, requests])).toEqual([['two', 2]]);
  expect(total).toBe(2);
});

it('An issuer and an id that read the same together are two pairs', async () => {
  const { traffic, add } = open();
  add('GET /a', ['ab', 'c'], 1);
  add('GET /a', ['a', 'bc'], 1);
  expect((await busiestPairs(traffic.buckets(0), ALL)).total).toBe(2);
});
