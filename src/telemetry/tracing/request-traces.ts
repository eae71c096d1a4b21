/** The trace of one request: one whose span is exported, or one that is only passed on. Made by `tracing.ts`. */
import { SpanStatusCode, type Span } from '@opentelemetry/api';
import type { ExchangeRecord } from '../../model/record.js';
import type { RequestHead } from '../../model/request.js';
import type { RequestTrace, TraceStep } from '../../model/trace.js';
import { attributesOf, isError, nameOf } from './span-attributes.js';
import type { RandomIds } from './random-ids.js';

/** What the traces of a gateway instance share. */
export interface TraceSettings {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly ids: RandomIds;
  /** Whether spans have the request's path. */
  readonly paths: boolean;
}

/** A trace whose span is exported. */
export class SampledTrace implements RequestTrace {
  readonly sampledId: string;
  readonly traceparent: string;

  /** @param originMs what has to be added to monotonic milliseconds for epoch milliseconds */
  constructor(
    private readonly span: Span,
    readonly keepsState: boolean,
    private readonly head: RequestHead,
    private readonly originMs: number,
    private readonly settings: TraceSettings,
  ) {
    const { traceId, spanId } = span.spanContext();
    this.sampledId = traceId;
    this.traceparent = `00-${traceId}-${spanId}-01`;
  }

  mark(step: TraceStep, target?: string): void {
    const attributes = target === undefined ? undefined : { 'tollgate.target': target };
    this.span.addEvent(step, attributes, this.#now());
  }

  end(record: ExchangeRecord): void {
    const { span, head, settings } = this;
    span.updateName(nameOf(record));
    span.setAttributes(attributesOf(head, record, settings.paths));
    if (isError(record)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(this.#now());
  }

  #now(): number {
    return this.originMs + this.settings.now();
  }
}

/** A trace whose span is not exported. The upstream gets its ids all the same, with the decision (W3C, section 3.2.2.5). */
export class UnsampledTrace implements RequestTrace {
  readonly sampledId = undefined;
  #traceparent: string | undefined;

  /** @param traceId the caller's; undefined: a new trace */
  constructor(
    private readonly traceId: string | undefined,
    readonly keepsState: boolean,
    private readonly settings: TraceSettings,
  ) {}

  /** Made on demand, since a refused request needs none; the same for each attempt. */
  get traceparent(): string {
    const { ids } = this.settings;
    return (this.#traceparent ??= `00-${this.traceId ?? ids.generateTraceId()}-${ids.generateSpanId()}-00`);
  }

  mark(): void {
    // Nothing is recorded.
  }

  end(): void {
    // Nothing is recorded.
  }
}
