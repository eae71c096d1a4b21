/** Opens tracing, which survives reloads that do not change it. Called by `build-gateway.ts`. */
import type { Settings } from '../model/settings.js';
import type { Reuse } from './resource-pool.js';
import type { Runtime } from './resources.js';
import type { Tracing } from '../telemetry/tracing/tracing.js';

/** Returns undefined where the file has no `tracing`. Never waits for the collector. */
export async function reuseTracing(
  { tracing }: Settings,
  { now, monotonic, random, newId, log, gateway, worker }: Runtime,
  reuse: Reuse,
): Promise<Tracing | undefined> {
  if (!tracing) return undefined;
  // Loaded on demand: OpenTelemetry takes a tenth of a second and 15 MB, and most gateways are not traced.
  const { openTracing } = await import('../telemetry/tracing/tracing.js');
  const process = gateway ?? newId();
  const instance = worker === undefined ? process : `${process}-${worker}`;
  return reuse(
    'tracing',
    tracing,
    () => openTracing(tracing, { now, monotonic, random, log, instance, worker }),
    (opened) => opened.close(),
  );
}
