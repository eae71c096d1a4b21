/** Warns of a credential for the collector of traces that others on the network can read. */
import { isForgeable } from '../schema/url.js';
import type { PartialGeneral } from '../partial.js';
import type { Warn } from '../problem.js';

/** Warns of header fields that are sent over http to another machine. */
export function checkTracing({ tracing }: PartialGeneral, warn: Warn): void {
  if (tracing?.otlp === undefined || Object.keys(tracing.headers ?? {}).length === 0) return;
  if (isForgeable(tracing.otlp))
    warn(['tracing', 'headers'], 'header fields that are sent over http can be read on the network', true);
}
