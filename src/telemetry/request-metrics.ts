/**
 * The metrics of requests: by route, method and status; refusals and faults by reason; durations by route and by upstream.
 *
 * The labels are those of the routes in force, so their number is bounded. A route that a reload removes loses its counts; so
 * do its requests that end after the reload.
 */
import type { Registry } from 'prom-client';
import { limitStatusOf } from '../model/limit-status.js';
import type { ExchangeRecord } from '../model/record.js';
import type { RefusalReason } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import { BucketCounts, REQUEST_BOUNDS } from './bucket-counts.js';
import { registerCounter, registerHistogram, type Labels, type Sample } from './read-metric.js';
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
    this.#endpoint(NONE).expectReasons(REASONS_WITHOUT_ROUTE);
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

  register(registry: Registry): void {
    registerCounter(
      registry,
      { name: 'tollgate_requests_total', help: 'Requests that are over, by route, method and status.' },
      () => this.#requestSamples(),
    );
    registerCounter(
      registry,
      {
        name: 'tollgate_refusals_total',
        help: 'Responses that the gateway gave instead of the upstream, by route and reason.',
      },
      () => this.#samplesByReason((counts) => counts.refusalSamples()),
    );
    registerCounter(
      registry,
      {
        name: 'tollgate_faults_total',
        help: 'Requests that failed after their response had begun, by route and reason.',
      },
      () => this.#samplesByReason((counts) => counts.faultSamples()),
    );
    registerHistogram(
      registry,
      {
        name: 'tollgate_request_duration_seconds',
        help: 'From the head of a request to the end of its response, without tunnels, by route.',
      },
      () => this.#durations(),
    );
    registerHistogram(
      registry,
      {
        name: 'tollgate_upstream_duration_seconds',
        help: 'Until the head of the response of an upstream, by upstream.',
      },
      () => Array.from(this.#upstreams, ([upstream, counts]) => [{ upstream }, counts] as const),
    );
    registerCounter(
      registry,
      { name: 'tollgate_tokens_issued_total', help: 'Tokens that the token service issued, by endpoint.' },
      () => this.#issuedSamples(),
    );
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

  *#requestSamples(): Iterable<Sample> {
    for (const counts of this.#all())
      for (const [method, status, count] of counts.requestSamples())
        yield [{ route: counts.label, method, status }, count];
  }

  *#samplesByReason(
    read: (counts: RouteCounts) => Iterable<readonly [reason: string, count: number]>,
  ): Iterable<Sample> {
    for (const counts of this.#all())
      for (const [reason, count] of read(counts)) yield [{ route: counts.label, reason }, count];
  }

  *#durations(): Iterable<readonly [Labels, BucketCounts]> {
    for (const { label: route, durations } of this.#all())
      if (durations.counts.some((count) => count > 0)) yield [{ route }, durations];
  }

  *#issuedSamples(): Iterable<Sample> {
    for (const endpoint of this.#issuing) yield [{ endpoint }, this.#endpoints.get(endpoint)?.succeeded ?? 0];
  }
}

function issuingEndpoints({ tokens }: RequestMetricsSettings): readonly string[] {
  if (!tokens) return [];
  const { keySecret, clientCredentials, password, named } = tokens.endpoints;
  const isThere = [keySecret, clientCredentials, password, named];
  return ISSUING.filter((_, at) => isThere[at] !== undefined);
}
