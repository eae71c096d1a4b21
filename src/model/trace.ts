/**
 * The trace of one request: the steps report to it, and the upstream gets its `traceparent`. `src/telemetry/tracing/` implements it.
 * Where the file has no `tracing`, every request has `undefined` in its place.
 */
import type { ExchangeRecord } from './record.js';
import type { RequestHead } from './request.js';

/**
 * What a span has events for: the end of each step, each attempt at a target, and the head of the upstream's response.
 */
export type TraceStep = 'read' | 'match' | 'authenticate' | 'authorize' | 'limit' | 'forward' | 'response';

export interface RequestTrace {
  /** The id of the trace if its span is exported; otherwise undefined. */
  readonly sampledId: string | undefined;
  /** The `traceparent` that the upstream gets: this request's span is the parent of its spans. */
  readonly traceparent: string;
  /** Whether the upstream gets the caller's `tracestate`. It belongs to a `traceparent` that was valid. */
  readonly keepsState: boolean;
  /**
   * Records that a step is done.
   *
   * @param target the origin of an attempt
   */
  mark(step: TraceStep, target?: string): void;
  /** Ends the span. Called once, when the exchange is over. */
  end(record: ExchangeRecord): void;
}

/**
 * Begins the trace of a request.
 *
 * @param startedMs monotonic milliseconds
 */
export type StartTrace = (head: RequestHead, startedMs: number) => RequestTrace;

/** The settings of `tracing`. */
export interface TracingSettings {
  /** The URL that spans are sent to, with its path. */
  readonly url: string;
  /** The name of this service. Undefined: the environment's, else `tollgate`. */
  readonly service: string | undefined;
  /** The share of traces that begin here and are exported: from 0 to 1. */
  readonly sample: number;
  /** Fields of the requests to the collector, in lower case; secret. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}
