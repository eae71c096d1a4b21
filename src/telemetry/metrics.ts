/**
 * The metrics that Prometheus reads from the admin port. What can be looked at is looked at when it is asked for, so
 * that requests pay nothing for it.
 *
 * Each gate has a registry of its own; what is told of the process, several gates in it share.
 */
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** Where the gauges look. */
export interface MetricSources {
  /** Undefined where the file has no Redis. */
  readonly isRedisUp: () => boolean | undefined;
  readonly targets: () => readonly { upstream: string; target: string; up: boolean }[];
  /** Open connections of clients, tunnels included. */
  readonly connections: () => Promise<number>;
  /** Exchanges under way: each from its head until its answer is over, or until it is a tunnel. */
  readonly inFlight: () => number;
}

export interface Metrics {
  /** In it `contentType` and `metrics()`: what `/metrics` answers. */
  readonly registry: Registry;
  readonly countReload: (isInForce: boolean) => void;
}

export function createMetrics({ isRedisUp, targets, connections, inFlight }: MetricSources): Metrics {
  const own = new Registry();
  const registers = [own];

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

  new Gauge({
    name: 'tollgate_redis_up',
    help: 'Whether Redis answers (1) or is known to be away (0).',
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
    help: 'Whether a target gets requests (1) or is passed over (0).',
    labelNames: ['upstream', 'target'],
    registers,
    aggregator: 'min',
    collect() {
      this.reset();
      for (const { upstream, target, up } of targets()) this.set({ upstream, target }, Number(up));
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
    help: 'Requests under way, which max_in_flight bounds.',
    registers,
    collect() {
      this.set(inFlight());
    },
  });

  return {
    registry: Registry.merge([own, ofThisProcess()]),
    countReload(isInForce) {
      reloads.inc({ result: isInForce ? 'success' : 'failure' });
      lastReload.set(Number(isInForce));
    },
  };
}

/** What one of several processes has counted. */
export type Measurements = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Several processes as one: what they have counted is added up, unless a metric says otherwise. */
export function sumOf(
  collectMetrics: () => Promise<readonly Measurements[]>,
): Pick<Registry, 'contentType' | 'metrics'> {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    metrics: async () => AggregatorRegistry.aggregate([...(await collectMetrics())]).metrics(),
  };
}

let processRegistry: Registry | undefined;

/** They begin to watch the process's event loop and memory, which once is enough for. */
function ofThisProcess(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
