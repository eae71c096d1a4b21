/** Compiles `tracing`. */
import type { TracingSettings } from '../../model/trace.js';
import type { Validated } from '../schema/schema.js';

/** Compiles the keys of tracing; undefined where the file has none. */
export function compileTracing(config: Validated['tracing']): TracingSettings | undefined {
  if (!config) return undefined;
  const { otlp, sample, service, headers = {} } = config;
  return {
    url: otlp,
    service,
    sample,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  };
}
