/**
 * The metrics that Prometheus reads from the admin port. Gauges are computed when they are scraped, so that they cost
 * requests nothing.
 *
 * Each gateway has a registry of its own. Several gateways in one process share the metrics of the process.
 */
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Route } from '../model/route.js';
import { createShadowRefusals, type ShadowRefusals } from './shadow-refusals.js';

/** Where the gauges get their values. */
export interface MetricSources {
  /** Undefined where the file has no Redis. */
  readonly isRedisUp: () => boolean | undefined;
  readonly targets: () => readonly { upstream: string; target: string; isUp: boolean }[];
  /** Open connections of clients, tunnels included. */
  readonly connections: () => Promise<number>;
  /** Exchanges in flight: each from its head until its response is complete, or until it is a tunnel. */
  readonly inFlight: () => number;
  /** The routes in force now. */
  readonly routes: () => readonly Route[];
}

export interface Metrics {
  /** `contentType` and `metrics()` are the response of `/metrics`. */
  readonly registry: Registry;
  /** Counts a reload; `isInForce`: whether it succeeded. */
  readonly countReload: (isInForce: boolean) => void;
  /** Counts a request that a rule in shadow would have refused. */
  readonly countShadowRefusal: ShadowRefusals['count'];
}

/** Creates the metrics of one gateway. */
export function createMetrics({ isRedisUp, targets, connections, inFlight, routes }: MetricSources): Metrics {
  const gatewayRegistry = new Registry();
  const registers = [gatewayRegistry];

  const reloads = new Counter({
    name: 'tollgate_config_reloads_total',
    help: 'Reloads of the configuration, by their result.',
    labelNames: ['result'],
    registers,
    aggregator: 'max',
  });
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0);
  const lastReload = new Gauge({
    name: 'tollgate_config_last_reload_successful',
    help: 'Whether the configuration as it was last read is in force (1) or could not be used (0).',
    registers,
    aggregator: 'min',
  });
  lastReload.set(1);

  const shadow = createShadowRefusals(registers);
  shadow.setRoutes(routes());
  new Gauge({
    name: 'tollgate_redis_up',
    help: 'Whether Redis is available (1) or known to be unavailable (0).',
    registers,
    aggregator: 'min',
    collect() {
      const isUp = isRedisUp();
      if (isUp === undefined) this.remove();
      else this.set(Number(isUp));
    },
  });
  new Gauge({
    name: 'tollgate_upstream_target_up',
    help: 'Whether a target gets requests (1) or not (0).',
    labelNames: ['upstream', 'target'],
    registers,
    aggregator: 'min',
    collect() {
      this.reset();
      for (const { upstream, target, isUp } of targets()) this.set({ upstream, target }, Number(isUp));
    },
  });
  new Gauge({
    name: 'tollgate_connections',
    help: 'Open connections of clients, tunnels included.',
    registers,
    async collect() {
      this.set(await connections());
    },
  });
  new Gauge({
    name: 'tollgate_requests_in_flight',
    help: 'Requests in flight, limited by max_in_flight.',
    registers,
    collect() {
      this.set(inFlight());
    },
  });

  return {
    registry: Registry.merge([gatewayRegistry, processMetrics()]),
    countReload(isInForce) {
      reloads.inc({ result: isInForce ? 'success' : 'failure' });
      lastReload.set(Number(isInForce));
      shadow.setRoutes(routes());
    },
    countShadowRefusal: shadow.count,
  };
}

/** The metrics of one of several processes. */
export type Measurements = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Aggregates the metrics of several processes: by sum, unless a metric sets `aggregator`. */
export function sumOf(
  collectMetrics: () => Promise<readonly Measurements[]>,
): Pick<Registry, 'contentType' | 'metrics'> {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    metrics: async () => AggregatorRegistry.aggregate([...(await collectMetrics())]).metrics(),
  };
}

let processRegistry: Registry | undefined;

/** Created once, since these metrics start observers of the process's event loop and garbage collection. */
function processMetrics(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
