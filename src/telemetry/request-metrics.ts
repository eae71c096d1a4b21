/**
 * The metrics of requests: by route, method and status; refusals and faults by reason; durations by route and by upstream.
 *
 * The labels are those of the routes in force, so their number is bounded. A route that a reload removes loses its counts; so
 * do its requests that end after the reload.
 */
import { limitStatusOf } from '../model/limit-status.js';
import type { ExchangeRecord } from '../model/record.js';
import type { RefusalReason } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import { BucketCounts, REQUEST_BOUNDS } from './bucket-counts.js';
import { labelText } from './metric-family.js';
import type { MetricSet, Write } from './metric-set.js';
import { RouteCounts } from './route-counts.js';

/** The label of requests that have no route. */
const NONE = 'none';
/** What refuses a request before its route is known. They are shown from 0 on. */
const REASONS_WITHOUT_ROUTE: readonly RefusalReason[] = [
  'malformed_request',
  'no_route',
  'method_not_allowed',
  'request_timeout',
  'target_too_long',
  'headers_too_large',
  'unknown_method',
  'overloaded',
  'internal_error',
];
/** The status of a tunnel, whose duration is no response time. */
const SWITCHING_PROTOCOLS = 101;
/** The endpoints of the token service whose successful responses are a token. */
const ISSUING = ['key_secret', 'client_credentials', 'password', 'named'] as const;

const REFUSALS = {
  name: 'tollgate_refusals_total',
  help: 'Responses that the gateway gave instead of the upstream, by route and reason.',
};
const FAULTS = {
  name: 'tollgate_faults_total',
  help: 'Requests that failed when it was too late for a refusal, by route and reason.',
};
const REQUEST_DURATION = {
  name: 'tollgate_request_duration_seconds',
  help: 'From the head of a request to the end of its response, without tunnels, by route.',
};
const UPSTREAM_DURATION = {
  name: 'tollgate_upstream_duration_seconds',
  help: 'Until the head of the response of an upstream, by upstream.',
};
const TOKENS_ISSUED = {
  name: 'tollgate_tokens_issued_total',
  help: 'Tokens that the token service issued, by endpoint.',
};

export type RequestMetricsSettings = Pick<
  Settings,
  'routes' | 'upstreams' | 'tokens' | 'limitStatus' | 'onFailure' | 'cors'
>;

/** Counts each exchange that is over. */
export class RequestMetrics {
  /** By label, of the routes in force. */
  #routes: ReadonlyMap<string, RouteCounts> = new Map();
  /** By name: what has no route, and the endpoints of the token service. */
  readonly #endpoints = new Map<string, RouteCounts>();
  /** By name. */
  #upstreams: ReadonlyMap<string, BucketCounts> = new Map();
  #issuing: readonly string[] = [];

  constructor() {
    this.#endpoint(NONE).expectAlways(REASONS_WITHOUT_ROUTE);
  }

  /** Counts an exchange that is over. */
  add({ route, endpoint, head, status, reason, durationMs, upstreamMs }: ExchangeRecord): void {
    const counts = route ? this.#routes.get(route.label) : this.#endpoint(endpoint ?? NONE);
    if (counts === undefined) return;
    counts.count(head.method, status, reason);
    if (status !== SWITCHING_PROTOCOLS) counts.durations.add(durationMs);
    if (route !== undefined && upstreamMs !== undefined)
      this.#upstreams.get(route.upstream.name)?.add(upstreamMs);
  }

  /** Keeps the counts of the routes and upstreams that the settings have, and drops the others. */
  applySettings(settings: RequestMetricsSettings): void {
    const limitStatus = limitStatusOf(settings);
    const before = this.#routes;
    const routes = new Map<string, RouteCounts>();
    for (const route of limitStatus ? [...settings.routes, limitStatus.route] : settings.routes) {
      const { label } = route;
      const counts = routes.get(label) ?? before.get(label) ?? new RouteCounts(label);
      counts.expect(route);
      routes.set(label, counts);
    }
    this.#routes = routes;
    const upstreams = settings.upstreams.map(
      ({ name }) => [name, this.#upstreams.get(name) ?? new BucketCounts(REQUEST_BOUNDS)] as const,
    );
    this.#upstreams = new Map(upstreams);
    this.#issuing = issuingEndpoints(settings);
  }

  addTo(metrics: MetricSet): void {
    const help = 'Requests that are over, by route, method and status.';
    metrics.add('counter', { name: 'tollgate_requests_total', help }, (write) => this.#writeRequests(write));
    metrics.add('counter', REFUSALS, (write) => {
      for (const counts of this.#all())
        counts.eachRefusal((reason, count) => write(`${counts.routeText},reason="${reason}"`, count));
    });
    metrics.add('counter', FAULTS, (write) => {
      for (const counts of this.#all())
        counts.eachFault((reason, count) => write(`${counts.routeText},reason="${reason}"`, count));
    });
    metrics.addHistogram(REQUEST_DURATION, (write) => {
      for (const { isUsed, routeText, durations } of this.#all()) if (isUsed) write(routeText, durations);
    });
    metrics.addHistogram(UPSTREAM_DURATION, (write) => {
      for (const [upstream, counts] of this.#upstreams) write(labelText('upstream', upstream), counts);
    });
    metrics.add('counter', TOKENS_ISSUED, (write) => {
      for (const endpoint of this.#issuing)
        write(labelText('endpoint', endpoint), this.#endpoints.get(endpoint)?.succeeded ?? 0);
    });
  }

  #endpoint(name: string): RouteCounts {
    let counts = this.#endpoints.get(name);
    if (counts === undefined) this.#endpoints.set(name, (counts = new RouteCounts(name)));
    return counts;
  }

  *#all(): Iterable<RouteCounts> {
    yield* this.#routes.values();
    yield* this.#endpoints.values();
  }

  #writeRequests(write: Write): void {
    for (const counts of this.#all())
      counts.eachRequest((method, status, count) =>
        write(`${counts.routeText},method="${method}",status="${status}"`, count),
      );
  }
}

function issuingEndpoints({ tokens }: RequestMetricsSettings): readonly string[] {
  if (!tokens) return [];
  const { keySecret, clientCredentials, password, named } = tokens.endpoints;
  const isThere = [keySecret, clientCredentials, password, named];
  return ISSUING.filter((_, at) => isThere[at] !== undefined);
}
