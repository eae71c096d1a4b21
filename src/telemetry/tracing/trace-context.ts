/** Reads the caller's trace context (W3C Trace Context, sections 3.2 and 3.3). Used by `tracing.ts`. */
import type { FlatHeaders } from '../../model/refusal.js';

/** The span that a caller names as the parent. */
export interface ParentSpan {
  /** 32 hex digits in lower case. */
  readonly traceId: string;
  /** 16 hex digits in lower case. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** A parent with the `tracestate` beside it. */
export interface TraceContext extends ParentSpan {
  /** Several lines joined; undefined where there is none, or a longer one than is passed on. */
  readonly state: string | undefined;
}

/** Longer versions than 00 may have more parts, each after a hyphen. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;
/** What every participant should pass on at least (section 3.3.1.5). A longer one is dropped whole. */
const MAX_STATE = 512;

/** Parses a `traceparent`; undefined where it is not valid, so that a new trace begins. */
export function parseTraceparent(text: string): ParentSpan | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** Returns the caller's trace context; undefined without a `traceparent`, with an invalid one, and with several. */
export function readTraceContext(rawHeaders: FlatHeaders): TraceContext | undefined {
  let parent: string | undefined;
  let state: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    // Both names are among the few with these lengths.
    if (name.length !== 11 && name.length !== 10) continue;
    const lower = name.toLowerCase();
    const value = rawHeaders[at + 1]!;
    if (lower === 'traceparent') {
      if (parent !== undefined) return undefined;
      parent = value;
    } else if (lower === 'tracestate') state = state === undefined ? value : `${state},${value}`;
  }
  const span = parent === undefined ? undefined : parseTraceparent(parent);
  if (span === undefined) return undefined;
  const { traceId, spanId, isSampled } = span;
  return {
    traceId,
    spanId,
    isSampled,
    state: state === undefined || state.length > MAX_STATE ? undefined : state,
  };
}
