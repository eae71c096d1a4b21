/** From upstreams as written to those of the model. */
import type { HealthCheck, Target, Upstream } from '../../model/upstream.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { textOf } from './text.js';

export function compileUpstreams(
  upstreams: Validated['upstreams'],
  files: Files,
): ReadonlyMap<string, Upstream> {
  return new Map(Object.entries(upstreams).map(([name, each]) => [name, compileUpstream(name, each, files)]));
}

function compileUpstream(name: string, written: Validated['upstreams'][string], files: Files): Upstream {
  const { headers, tls } = written;
  const text = (file: string | undefined) => (file === undefined ? undefined : textOf(file, files));
  return {
    name,
    // The schema sees to it that there is one.
    targets: written.targets as [Target, ...Target[]],
    connectTimeoutMs: written.connect_timeout,
    timeoutMs: written.timeout,
    idleTimeoutMs: written.idle_timeout,
    tunnelIdleMs: written.tunnel_idle,
    keepAliveMs: written.keep_alive,
    retries: written.retries,
    maxConnections: written.max_connections,
    maxTunnels: written.max_tunnels,
    forwardAuthorization: written.forward_authorization,
    host: written.host,
    headers: {
      set: Object.entries(headers.set),
      remove: headers.remove.map((field) => field.toLowerCase()),
    },
    tls: { ca: text(tls?.ca), cert: text(tls?.cert), key: text(tls?.key) },
    balance: written.balance,
    health: written.health && compileHealth(written.health),
    ejection: written.ejection && {
      failures: written.ejection.failures,
      cooldownMs: written.ejection.cooldown,
      slowStartMs: written.ejection.slow_start,
    },
    breaker: written.breaker && {
      failureRate: written.breaker.failure_rate,
      requests: written.breaker.requests,
      windowMs: written.breaker.window,
      cooldownMs: written.breaker.cooldown,
    },
    resolveEveryMs: written.resolve_every,
  };
}

function compileHealth(written: NonNullable<Validated['upstreams'][string]['health']>): HealthCheck {
  return {
    path: written.path,
    intervalMs: written.interval,
    timeoutMs: written.timeout,
    unhealthyAfter: written.unhealthy_after,
    healthyAfter: written.healthy_after,
  };
}
