/** Which route a 404 was meant for, as logged at the level debug. */
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/model/log.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { createNearestRouteLog, nearestRoute } from '../../src/telemetry/nearest-route.js';
import { routeOf } from '../model/route-of.js';

const ROUTES = ['GET /users/{id}', 'GET /users/{id}/orders', 'POST /orders', '* /files/{path*}'].map(
  (match) => routeOf(match),
);

describe('the nearest route', () => {
  it.each([
    ['/user/7', 'GET /users/{id}'],
    ['/users', 'GET /users/{id}'],
    ['/', 'GET /users/{id}'],
    ['/users/7/order', 'GET /users/{id}/orders'],
    ['/users/7/', 'GET /users/{id}'],
    ['/Orders', 'POST /orders'],
    ['/file/a/b/c', '* /files/{path*}'],
  ])('of %s is %s', (path, match) => {
    expect(nearestRoute(path, 'GET', ROUTES)?.match).toBe(match);
  });

  it.each([
    ['/', 'GET', ['POST /orders', 'GET /orders/{id}'], 'GET /orders/{id}'],
    ['/', 'POST', ['GET /orders/{id}', 'POST /orders'], 'POST /orders'],
    ['/order', 'GET', ['POST /orders', 'GET /users/{id}'], 'POST /orders'],
    ['/order', 'GET', ['POST /orders', 'GET /order/{id}'], 'GET /order/{id}'],
    ['/order', 'HEAD', ['POST /orders', 'GET /orders'], 'GET /orders'],
    ['/something/else', 'GET', ['POST /orders', 'GET /users/{id}'], 'GET /users/{id}'],
    ['/something/else', 'GET', ['POST /orders'], 'POST /orders'],
  ])(
    'of %s with %s beside %j is %s: another method only where no other route is near',
    (path, method, matches, match) => {
      const routes = matches.map((each) => routeOf(each));
      expect(nearestRoute(path, method, routes)?.match).toBe(match);
    },
  );

  it('is nothing if there is no route', () => {
    expect(nearestRoute('/a', 'GET', [])).toBeUndefined();
  });

  it('is logged for a 404 only at the level debug, without the path', () => {
    const told: [object, string][] = [];
    const ignore = (): void => undefined;
    const log: Log = { debug: (...line) => told.push(line), info: ignore, warn: ignore, error: ignore };
    const tell = (isDebug: boolean, reason: string): void =>
      createNearestRouteLog({ log: { ...log, isLevelEnabled: () => isDebug }, routes: () => ROUTES })({
        head: { id: 'id-1', method: 'GET', target: '/user/secret?key=secret' },
        reason,
      } as ExchangeRecord);
    tell(false, 'no_route');
    tell(true, 'no_token');
    expect(told).toEqual([]);
    tell(true, 'no_route');
    expect(told).toEqual([
      [
        { request_id: 'id-1', nearest_route: 'GET /users/{id}', line: ROUTES[0]?.line },
        'no route has the path; this one is the nearest',
      ],
    ]);
  });
});
