/**
 * The metrics that Prometheus reads from the admin port. What counts is plain arrays and numbers, read when it is scraped.
 *
 * Each gateway has a registry of its own. Several gateways in one process share the metrics of the process.
 */
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Measures } from '../model/measures.js';
import type { ExchangeRecord } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import { AppRequests } from './app-requests.js';
import { registerGauges, type GaugeSources } from './gauges.js';
import { MeasureCounts } from './measure-counts.js';
import { RequestMetrics, type RequestMetricsSettings } from './request-metrics.js';
import { createShadowRefusals } from './shadow-refusals.js';

/** Where the metrics get the values that they do not count. */
export interface MetricSources extends GaugeSources {
  /** Open connections of clients, tunnels included. */
  readonly connections: () => Promise<number>;
}

/** The settings that decide which labels there are. */
export type MetricSettings = RequestMetricsSettings & Pick<Settings, 'issuers' | 'redis' | 'metrics'>;

export interface Metrics {
  /** `contentType` and `metrics()` are the response of `/metrics`. */
  readonly registry: Registry;
  /** What the parts of the gateway report to. */
  readonly measures: Measures;
  /** Takes the labels of the settings in force, and drops the others. To be called at the start and after each reload. */
  readonly applySettings: (settings: MetricSettings) => void;
  /** Counts a reload; `isInForce`: whether it succeeded. */
  readonly countReload: (isInForce: boolean) => void;
  /** Counts an exchange that is over. */
  readonly add: (record: ExchangeRecord) => void;
}

/** Creates the metrics of one gateway, without routes. */
export function createMetrics(sources: MetricSources): Metrics {
  const gatewayRegistry = new Registry();
  const registers = [gatewayRegistry];
  const requests = new RequestMetrics();
  const apps = new AppRequests();
  const measures = new MeasureCounts();
  requests.register(gatewayRegistry);
  const shadow = createShadowRefusals(registers);
  measures.register(gatewayRegistry);
  apps.register(gatewayRegistry);
  const countReload = createReloadMetrics(registers);
  registerGauges(gatewayRegistry, sources);
  new Gauge({
    name: 'tollgate_connections',
    help: 'Open connections of clients, tunnels included.',
    registers,
    async collect() {
      this.set(await sources.connections());
    },
  });

  return {
    registry: Registry.merge([gatewayRegistry, processMetrics()]),
    measures: measures.measures,
    applySettings(settings) {
      requests.applySettings(settings);
      measures.applySettings(settings);
      shadow.setRoutes(settings.routes);
      const issuers = new Set(settings.issuers.map(({ name }) => name));
      apps.applySettings({ isOn: settings.metrics.byApp, issuers });
    },
    countReload,
    add(record) {
      requests.add(record);
      apps.add(record);
      if (record.shadow && record.route) shadow.count(record.route, record.shadow.reason);
    },
  };
}

function createReloadMetrics(registers: Registry[]): Metrics['countReload'] {
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
  return (isInForce) => {
    reloads.inc({ result: isInForce ? 'success' : 'failure' });
    lastReload.set(Number(isInForce));
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
