/**
 * The metrics of all workers together, for `primary.ts`. They are added up here, since the primary has no requests that
 * would wait for it.
 *
 * A counter that falls is a restart to Prometheus, which then counts all that follows as new. So the last counts of a worker
 * stay in the sum when it has ended or does not respond in time.
 */
import type { Settings } from '../model/settings.js';
import {
  aggregateFamilies,
  labelText,
  renderFamilies,
  type MetricFamily,
} from '../telemetry/metric-family.js';
import type { Measurements } from '../telemetry/metrics.js';

export interface CollectedMetricsOptions<W> {
  /** The workers that have begun. */
  readonly workers: () => readonly W[];
  /** Asks a worker; undefined where it does not respond in time. Does not reject. */
  readonly measure: (worker: W) => Promise<Measurements | undefined>;
  /** How many workers have ended. */
  readonly endedWorkers: () => number;
}

type LabelSettings = Pick<Settings, 'routes' | 'upstreams' | 'issuers' | 'metrics'>;

/** The labels whose values are names of the file. */
const NAMED = /[{,]((?:route|upstream|issuer)="(?:[^"\\]|\\.)*")/g;
/** The token service's endpoints and `none`; the label of a route has a space. */
const NO_ROUTE = /^route="[^ ]*"$/;
const BY_APP = 'tollgate_app_requests_total';

/** Adds up the metrics of workers, of which some may have ended. */
export class CollectedMetrics<W> {
  readonly #options: CollectedMetricsOptions<W>;
  /** What each worker reported last. */
  readonly #last = new Map<W, Measurements>();
  /** The sum of the counts of the workers that have ended. */
  #ended: Measurements = [];

  constructor(options: CollectedMetricsOptions<W>) {
    this.#options = options;
  }

  /** Returns the response of `/metrics`. Does not reject. */
  async text(): Promise<string> {
    const workers = this.#options.workers();
    const measured = await Promise.all(workers.map((worker) => this.#measure(worker)));
    const running = new Set(this.#options.workers());
    for (const [worker, last] of this.#last) {
      if (running.has(worker) || workers.includes(worker)) continue;
      this.#ended = aggregateFamilies([this.#ended, countsOf(last)]);
      this.#last.delete(worker);
    }
    const own = workersEnded(this.#options.endedWorkers());
    return renderFamilies(aggregateFamilies([...measured, this.#ended, [own]]));
  }

  /** Drops the counts of ended workers for what the file no longer has. To be called after each reload. */
  applySettings(settings: LabelSettings): void {
    const names = new Set([
      ...settings.routes.map(({ label }) => labelText('route', label)),
      ...settings.upstreams.map(({ name }) => labelText('upstream', name)),
      ...settings.issuers.map(({ name }) => labelText('issuer', name)),
    ]);
    this.#ended = this.#ended
      .filter(({ name }) => name !== BY_APP || settings.metrics.byApp)
      .map((family) =>
        filterSeries(family, (series) =>
          [...series.matchAll(NAMED)].every(([, label]) => names.has(label!) || NO_ROUTE.test(label!)),
        ),
      );
  }

  async #measure(worker: W): Promise<Measurements> {
    const measured = await this.#options.measure(worker);
    if (measured) this.#last.set(worker, measured);
    return measured ?? countsOf(this.#last.get(worker) ?? []);
  }
}

function workersEnded(count: number): MetricFamily {
  const name = 'tollgate_workers_ended_total';
  const help = 'Workers that ended by themselves, or were killed, and were replaced.';
  return { name, help, type: 'counter', aggregator: 'sum', series: [name], values: [count] };
}

/** What was counted, as opposed to a state. Reloads are counted by each worker, so they are not added up. */
function countsOf(families: Measurements): Measurements {
  return families.filter(
    ({ type, aggregator }) => (type === 'counter' || type === 'histogram') && aggregator === 'sum',
  );
}

function filterSeries(family: MetricFamily, isKept: (series: string) => boolean): MetricFamily {
  const places = [...family.series.keys()].filter((at) => isKept(family.series[at]!));
  return {
    ...family,
    series: places.map((at) => family.series[at]!),
    values: places.map((at) => family.values[at]!),
  };
}
