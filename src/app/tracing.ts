/** Opens tracing, which survives reloads that do not change it. Called by `build-gateway.ts`. */
import { readFileSync } from 'node:fs';
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
  const id = gateway ?? newId();
  const instance = worker === undefined ? id : `${id}-${worker}`;
  return reuse(
    'tracing',
    tracing,
    () => openTracing(tracing, { now, monotonic, random, log, instance, worker, tls: readTls(process.env) }),
    (opened) => opened.close(),
  );
}

/** Reads the files that OpenTelemetry's variables name for TLS to a collector. One that cannot be read is left out. */
function readTls(env: Readonly<Record<string, string | undefined>>) {
  const read = (name: string): Buffer | undefined => {
    const path = env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] ?? env[`OTEL_EXPORTER_OTLP_${name}`];
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch {
      return undefined;
    }
  };
  return { ca: read('CERTIFICATE'), cert: read('CLIENT_CERTIFICATE'), key: read('CLIENT_KEY') };
}
