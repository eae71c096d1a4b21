/** What the parts of a process that serves ask of the instance in force. Called by `serve.ts`. */
import type { Listening } from '../server/server.js';
import { VERSION } from '../model/version.js';
import type { LoopDelay } from '../telemetry/loop-delay.js';
import { readsKeys } from '../telemetry/measure-counts.js';
import { createMetrics, type Metrics, type MetricSources } from '../telemetry/metrics.js';
import type { AdminHandlers } from './admin-api.js';
import type { GatewayInstance } from './build-gateway.js';
import type { ConsoleReports } from './console-routers.js';
import type { ConsoleSources } from './console.js';
import type { Runtime } from './resources.js';
import { openTraffic, type TrafficHandle, type TrafficOptions } from './traffic.js';

/** A gateway instance with what it serves to administrators. */
export type Served = GatewayInstance & AdminHandlers;

/** What the console shows of the process. `parts` is called when the console is asked. */
export function consoleSources(
  state: { readonly isDraining: boolean; readonly sample: ConsoleSources['sample'] },
  { faults }: Pick<ConsoleReports, 'faults'>,
  parts: () => {
    readonly current: Served;
    readonly traffic: TrafficHandle;
    readonly listening: Listening;
  },
): ConsoleSources {
  return {
    sample: state.sample,
    faults,
    collectTraffic: (from) => parts().traffic.collect(from),
    publicPort: () => parts().listening.address.port,
    readiness() {
      if (state.isDraining) return 'draining';
      return parts().current.isReady() ? 'ready' : 'not_ready';
    },
  };
}

/** What the metrics ask of the process. It is called when they are read. */
interface MetricParts {
  readonly current: Served;
  readonly listening: Listening;
  readonly loopDelay: LoopDelay;
  /** Lines of the log that were dropped since the start. */
  readonly droppedLines: () => number;
}

/**
 * Opens the metrics. `parts` is called when they are read.
 * @param now epoch milliseconds
 */
export function openMetrics(parts: () => MetricParts, now: () => number): Metrics {
  return createMetrics({
    isRedisUp: () => parts().current.redis?.isUp,
    targets: () => parts().current.gateway.forwarder.targets(),
    connections: () => parts().listening.connections(),
    inFlight: () => parts().listening.inFlight(),
    maxInFlight: () => parts().current.settings.maxInFlight,
    isReady: () => parts().current.isReady(),
    keyAges: () => keyAgesOf(parts().current, now()),
    revocations: () => revocationsOf(parts().current),
    loopDelay: () => parts().loopDelay.lastMinute(),
    droppedLines: () => parts().droppedLines(),
    version: VERSION,
  });
}

function keyAgesOf({ settings, issuerKeys }: Served, nowMs: number): ReturnType<MetricSources['keyAges']> {
  const isRead = new Set(settings.issuers.filter(readsKeys).map(({ name }) => name));
  return issuerKeys().flatMap(({ name: issuer, readAtMs }) =>
    readAtMs !== undefined && isRead.has(issuer)
      ? [{ issuer, ageS: Math.max(0, nowMs - readAtMs) / 1000 }]
      : [],
  );
}

function revocationsOf({ revocations }: Served): ReturnType<MetricSources['revocations']> {
  return (
    revocations && { isUp: revocations.unavailableSinceMs === undefined, size: revocations.currentSet?.size }
  );
}

/** Begins to count the traffic, for the console. */
export function openTrafficOf(
  worker:
    | { readonly gateway: string; readonly collectTraffic: NonNullable<TrafficOptions['worker']>['collect'] }
    | undefined,
  { now, random }: Runtime,
  current: () => Served,
): TrafficHandle {
  return openTraffic({
    isOn: () => current().settings.console !== undefined,
    redis: () => current().redis,
    keyPrefix: () => current().settings.redis?.keyPrefix ?? '',
    now,
    random,
    worker: worker && { gateway: worker.gateway, collect: worker.collectTraffic },
  });
}

/** What the ports ask of the instance in force. Stated: TypeScript cannot name the type where node_modules is a link. */
export interface CurrentHandlers {
  readonly current: () => Served['gateway'];
  readonly canServe: () => boolean;
  readonly adminApi: () => Served['adminApi'];
  readonly console: () => Served['console'];
  readonly adminHosts: () => readonly string[];
}

/** Returns the handlers that ask the instance in force at each call. */
export function handlersOf(current: () => Served): CurrentHandlers {
  return {
    current: () => current().gateway,
    canServe: () => current().isReady(),
    adminApi: () => current().adminApi,
    console: () => current().console,
    adminHosts: () => current().settings.admin?.hosts ?? [],
  };
}
