/** What happens with each finished exchange: access log, metrics, traffic, recent refusals. Called by `serve.ts`. */
import type { Observe } from '../model/record.js';
import type { Route } from '../model/route.js';
import { createAccessLog, type AccessLogOptions } from '../telemetry/access-log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createNearestRouteLog, type NearestRouteOptions } from '../telemetry/nearest-route.js';
import type { RefusalReports } from './refusal-reports.js';
import type { TrafficHandle } from './traffic.js';

export interface ObserveOptions extends AccessLogOptions {
  readonly log: NearestRouteOptions['log'];
  /** The routes in force now. */
  readonly routes: () => readonly Route[];
  readonly metrics: Pick<Metrics, 'add'>;
  readonly refusals: Pick<RefusalReports, 'add' | 'addShadow'>;
  readonly traffic: Pick<TrafficHandle, 'add'>;
  /** Called last. */
  readonly watch: Observe | undefined;
}

/** Creates the observer of a process that serves. */
export function createObserve(options: ObserveOptions): Observe {
  const { metrics, refusals, traffic, watch } = options;
  const logAccess = createAccessLog(options);
  const logNearestRoute = createNearestRouteLog(options);
  return (record) => {
    logAccess(record);
    traffic.add(record);
    metrics.add(record);
    if (record.shadow && record.route) refusals.addShadow(record);
    if (record.reason !== undefined) refusals.add(record);
    if (record.reason === 'no_route') logNearestRoute(record);
    watch?.(record);
  };
}
