/** The runtime of a process that serves, with its metrics and its administrative changes. Called by `serve.ts`. */
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { AuditRing } from '../telemetry/audit-trail.js';
import type { Metrics } from '../telemetry/metrics.js';
import { openMetrics } from './current-instance.js';
import type { Runtime } from './resources.js';
import { processRuntime } from './runtime.js';
import type { Siblings } from './revocations.js';
import { idOf } from './traffic.js';

interface RuntimeOptions {
  readonly started: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined for a gateway of one process. */
  readonly worker?: { readonly number: number; readonly siblings: Siblings; readonly gateway: string };
}

interface ServingRuntime {
  readonly runtime: Runtime;
  /** Keeps the last administrative changes. */
  readonly ring: AuditRing;
  readonly metrics: Metrics;
}

/**
 * Opens the runtime of a process that serves.
 * @param parts called when the metrics are read
 */
export function openRuntime(
  { started, env, worker }: RuntimeOptions,
  log: Log,
  parts: Parameters<typeof openMetrics>[0],
): ServingRuntime {
  const runtime = processRuntime(log, env);
  const metrics = openMetrics(parts, runtime.now);
  metrics.applySettings(started);
  const { measures } = metrics;
  const ring = new AuditRing(runtime.now);
  const audit = ring.keeping(runtime.audit);
  const gateway = worker?.gateway ?? idOf(runtime.random(8));
  const { siblings, number } = worker ?? {};
  return { runtime: { ...runtime, measures, audit, siblings, gateway, worker: number }, ring, metrics };
}
