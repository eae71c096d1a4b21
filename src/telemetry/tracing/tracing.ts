/**
 * Tracing: one span for each sampled request, sent to an OTLP collector. Loaded by `src/app/tracing.ts`, and only where the
 * file has `tracing`: nothing else imports this folder, and nothing else in this project imports OpenTelemetry.
 */
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Log } from '../../model/log.js';
import type { StartTrace, TracingSettings } from '../../model/trace.js';
import { VERSION } from '../../model/version.js';
import type { CollectorTls } from './collector-agent.js';
import { RandomIds } from './random-ids.js';
import { SampledTrace, UnsampledTrace, type TraceSettings } from './request-traces.js';
import { SpanQueue } from './span-queue.js';
import { readTraceContext, type TraceContext } from './trace-context.js';

/** The exporter of a process. It survives reloads that do not change its settings. */
export interface Tracing {
  /**
   * Returns what begins the traces of a gateway instance.
   *
   * @param paths whether spans have the request's path
   */
  readonly startTraces: (paths: boolean) => StartTrace;
  /** Sends the spans that are waiting, as far as possible within 3 s. Later spans are dropped. Never rejects. */
  readonly close: () => Promise<void>;
}

export interface TracingOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Returns that many random bytes. */
  readonly random: (size: number) => Uint8Array;
  readonly log: Log;
  /** For a collector with https. */
  readonly tls: CollectorTls;
  /** Identifies this process among those of the service. */
  readonly instance: string;
  /** The worker's number; undefined: a single process. */
  readonly worker: number | undefined;
}

const DEFAULT_SERVICE = 'tollgate';
/** A longer Host, which a client can send, is shortened. */
const MAX_TEXT = 1024;

/** Opens tracing. It never waits for the collector. */
export function openTracing(settings: TracingSettings, options: TracingOptions): Tracing {
  const { now, monotonic, random, log, tls } = options;
  const ids = new RandomIds(random);
  const provider = new TracerProvider({
    resource: resourceOf(settings, options),
    // The decision is made before a span begins.
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
    spanProcessors: [new SpanQueue(settings, { log, now: monotonic, tls })],
  });
  const tracer = provider.getTracer('tollgate', VERSION);
  return {
    startTraces: (paths) => createStartTrace(tracer, settings.sample, now, { now: monotonic, ids, paths }),
    close: () => provider.shutdown(),
  };
}

/**
 * Takes up the trace of any caller, and the decision of a trusted proxy. Other callers decide nothing, and neither does the
 * trace id, which they choose: the share of sampled traces is a random choice of the gateway's own.
 */
function createStartTrace(
  tracer: Tracer,
  sample: number,
  epochNow: () => number,
  settings: TraceSettings,
): StartTrace {
  return (head, startedMs) => {
    const parent = readTraceContext(head.rawHeaders);
    const keepsState = parent?.state !== undefined;
    const isSampled =
      parent !== undefined && head.viaTrustedProxy ? parent.isSampled : settings.ids.fraction() < sample;
    if (!isSampled) return new UnsampledTrace(parent?.traceId, keepsState, settings);
    const originMs = epochNow() - settings.now();
    const span = tracer.startSpan(
      head.method,
      { kind: SpanKind.SERVER, startTime: originMs + startedMs },
      parent ? contextOf(parent) : ROOT_CONTEXT,
    );
    return new SampledTrace(span, keepsState, head, originMs, settings);
  };
}

function contextOf({ traceId, spanId, isSampled, state }: TraceContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  });
}

/** The file's name of the service is stronger than that of OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES. */
function resourceOf({ service }: TracingSettings, { instance, worker }: TracingOptions) {
  const own: Attributes = {
    'service.name': DEFAULT_SERVICE,
    'service.version': VERSION,
    'service.instance.id': instance,
    'tollgate.worker': worker,
  };
  const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
  return service === undefined
    ? resource
    : resource.merge(resourceFromAttributes({ 'service.name': service }));
}
