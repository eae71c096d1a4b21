/**
 * The spans that wait for the collector: the SDK's batches, with a bound on all that is not yet sent, counts of what is
 * lost, and an end that comes in time. A request never waits for any of it. Used by `tracing.ts`.
 */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../../model/log.js';
import type { TracingSettings } from '../../model/trace.js';
import { USER_AGENT } from '../../model/version.js';
import { CollectorAgent, type CollectorTls } from './collector-agent.js';
import { CollectorLog } from './collector-log.js';

/** Waiting or being sent; about 2 KB each. */
const MAX_PENDING = 2048;
/** A batch is serialized in one go: 256 spans take about 3 ms. */
const BATCH = 256;
const DELAY_MS = 1000;
/**
 * For a batch, with its retries, and how long the end waits for the collector. They are equal since the exporter cannot be
 * aborted: a request that lasts longer would keep the process from ending.
 */
const EXPORT_MS = 3000;
const CLOSE_MS = EXPORT_MS;
/** After which a batch counts as lost, and its connection is closed, also where the response comes byte by byte. */
const GIVE_UP_MS = 2 * EXPORT_MS;

type OnResult = Parameters<SpanExporter['export']>[1];

export interface SpanQueueOptions {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly tls: CollectorTls;
}

/** Ended spans, on their way to the collector of these settings. */
export class SpanQueue implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #collectorLog: CollectorLog;
  readonly #agent: CollectorAgent;
  #pending = 0;

  constructor({ url, headers }: TracingSettings, { log, now, tls }: SpanQueueOptions) {
    this.#collectorLog = new CollectorLog(log, now);
    const agent = new CollectorAgent(tls);
    this.#agent = agent;
    const exporter = new OTLPTraceExporter({
      url,
      headers: Object.fromEntries(headers),
      timeoutMillis: EXPORT_MS,
      userAgent: USER_AGENT,
      httpAgentOptions: (protocol) => agent.forProtocol(protocol),
    });
    this.#batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, onResult) => this.#export(exporter, spans, onResult),
        shutdown: () => exporter.shutdown(),
        forceFlush: () => exporter.forceFlush(),
      },
      maxQueueSize: MAX_PENDING,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: DELAY_MS,
      exportTimeoutMillis: GIVE_UP_MS,
    });
  }

  onStart(): void {
    // Only ended spans are exported.
  }

  onEnd(span: ReadableSpan): void {
    if (this.#pending >= MAX_PENDING) {
      this.#collectorLog.dropped();
      return;
    }
    this.#pending += 1;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  /** Sends what is waiting, as far as possible within 3 s. Never rejects. */
  async shutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    // A batch that fails has its own line.
    await Promise.race([this.#batches.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
    // An open one would keep the process from ending.
    this.#agent.closeConnections();
    this.#collectorLog.close(this.#pending);
  }

  #export(exporter: SpanExporter, spans: ReadableSpan[], onResult: OnResult): void {
    let isOver = false;
    const end = (error: Error | undefined): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#pending -= spans.length;
      if (error === undefined) this.#collectorLog.succeeded();
      else this.#collectorLog.failed(reasonOf(error), spans.length);
    };
    const timer = setTimeout(() => {
      end(new Error('no response in time'));
      this.#agent.closeConnections();
    }, GIVE_UP_MS);
    exporter.export(spans, (result) => {
      end(result.error);
      onResult(result);
    });
  }
}

/** Why a batch was not accepted. What the collector wrote is left out: it may repeat a credential. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  const { code } = error;
  if (typeof code === 'number') return `it responds with ${code}`;
  if (typeof code === 'string') return code;
  return error.message;
}
