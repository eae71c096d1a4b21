/**
 * The metrics that Prometheus reads from the admin port. What counts is plain arrays and numbers, read when it is scraped.
 *
 * Each gateway has a registry of its own. Several gateways in one process share the metrics of the process.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Measures } from '../model/measures.js';
import type { ExchangeRecord } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import { AppRequests } from './app-requests.js';
import { addGauges, type GaugeSources } from './gauges.js';
import { MeasureCounts } from './measure-counts.js';
import { CONTENT_TYPE, familyOf, renderFamilies, type MetricFamily } from './metric-family.js';
import { MetricSet } from './metric-set.js';
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
  /** Reads all metrics of this process. */
  readonly collect: () => Promise<Measurements>;
  /** Returns them in the text format of Prometheus. */
  readonly text: () => Promise<string>;
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
  const registry = new Registry();
  const registers = [registry];
  const set = new MetricSet();
  const requests = new RequestMetrics();
  const apps = new AppRequests();
  const measures = new MeasureCounts();
  requests.addTo(set);
  const shadow = createShadowRefusals(registers);
  measures.addTo(set);
  apps.addTo(set);
  const countReload = createReloadMetrics(registers);
  addGauges(set, sources);
  new Gauge({
    name: 'tollgate_connections',
    help: 'Open connections of clients, tunnels included.',
    registers,
    async collect() {
      this.set(await sources.connections());
    },
  });

  async function collect(): Promise<Measurements> {
    const [own, ofProcess] = await Promise.all([
      registry.getMetricsAsJSON(),
      processMetrics().getMetricsAsJSON(),
    ]);
    return [...set.collect(), ...own.map(familyOf), ...ofProcess.map(familyOf)];
  }

  return {
    collect,
    text: async () => renderFamilies(await collect()),
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

/** The metrics of one process. */
export type Measurements = readonly MetricFamily[];

/** The response of `/metrics`. */
export interface MetricsText {
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
}

/** Makes the response of a text that is made when it is called. */
export function metricsText(metrics: () => Promise<string>): MetricsText {
  return { contentType: CONTENT_TYPE, metrics };
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
