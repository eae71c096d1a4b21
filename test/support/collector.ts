/** A collector for tests: an OTLP/HTTP endpoint that decodes what it receives, and can fail in several ways. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { until } from './until.js';

type Value = string | number | boolean | undefined;

/** One span as it was received, with its attributes by name. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  /** SERVER is 2. */
  readonly kind: number;
  /** Epoch nanoseconds. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly {
    readonly name: string;
    readonly time: bigint;
    readonly attributes: Readonly<Record<string, Value>>;
  }[];
  /** ERROR is 2. */
  readonly status: number;
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, Value>>;
}

export interface Collector {
  readonly origin: string;
  readonly port: number;
  readonly spans: readonly ReceivedSpan[];
  /** The fields of each request. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Everything received, as JSON. */
  text(): string;
  /** How it responds from now on; by default it accepts. */
  respond(how: ((res: ServerResponse) => void) | undefined): void;
  untilSpans(count: number): Promise<readonly ReceivedSpan[]>;
  clear(): void;
  close(): Promise<void>;
}

interface KeyValue {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}

/** The parts of ExportTraceServiceRequest that the tests look at, in the JSON form of OTLP 1. */
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly traceState?: string;
        readonly name: string;
        readonly kind: number;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: readonly KeyValue[];
        readonly events: readonly {
          readonly name: string;
          readonly timeUnixNano: string;
          readonly attributes: readonly KeyValue[];
        }[];
        readonly status: { readonly code: number };
      }[];
    }[];
  }[];
}

/** @param port by default a free one */
export async function startCollector(port = 0): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  const texts: string[] = [];
  let respond: ((res: ServerResponse) => void) | undefined;

  const server = createServer((req, res) => {
    requests.push({ path: req.url ?? '', headers: req.headers });
    if (respond) {
      req.resume();
      respond(res);
      return;
    }
    const body = req.headers['content-encoding'] === 'gzip' ? req.pipe(createGunzip()) : req;
    void json(body).then((received) => {
      texts.push(JSON.stringify(received));
      spans.push(...spansOf(received as ExportRequest));
      res.setHeader('Content-Type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    spans,
    requests,
    text: () => texts.join('\n'),
    respond: (how) => (respond = how),
    async untilSpans(count) {
      await until(() => spans.length >= count);
      return spans;
    },
    clear() {
      spans.length = 0;
      requests.length = 0;
      texts.length = 0;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function spansOf({ resourceSpans }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        traceState: span.traceState,
        kind: span.kind,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: recordOf(span.attributes),
        events: span.events.map(({ name, timeUnixNano, attributes }) => ({
          name,
          time: BigInt(timeUnixNano),
          attributes: recordOf(attributes),
        })),
        status: span.status.code,
        resource: recordOf(resource.attributes),
      })),
    ),
  );
}

function recordOf(attributes: readonly KeyValue[]): Record<string, Value> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue,
    ]),
  );
}
