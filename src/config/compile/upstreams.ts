/** Compiles the upstreams. */
import { plainName } from '../../model/identity-fields.js';
import type { HealthCheck, Target, Upstream } from '../../model/upstream.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { ClaimReference } from '../schema/upstream-headers.js';
import { textOf } from './text.js';

/** Returns the fields that upstreams get from claims, by `plainName`, each once. */
export function identityFieldsOf({ upstreams }: Validated): readonly string[] {
  const fields = Object.values(upstreams).flatMap(({ headers }) => claimFieldsOf(headers.set));
  return [...new Set(fields.map(([name]) => plainName(name.toLowerCase())))];
}

/** Compiles upstreams into those of the model, by name; durations are in milliseconds. */
export function compileUpstreams(config: Validated, files: Files): ReadonlyMap<string, Upstream> {
  const common = { clientIpHeader: config.client_ip_header, identityFields: identityFieldsOf(config) };
  return new Map(
    Object.entries(config.upstreams).map(([name, each]) => [
      name,
      { ...compileUpstream(name, each, files), ...common },
    ]),
  );
}

function compileUpstream(
  name: string,
  raw: Validated['upstreams'][string],
  files: Files,
): Omit<Upstream, 'clientIpHeader' | 'identityFields'> {
  const { headers, tls } = raw;
  const text = (file: string | undefined) => (file === undefined ? undefined : textOf(file, files));
  return {
    name,
    // The schema requires at least one.
    targets: raw.targets as [Target, ...Target[]],
    connectTimeoutMs: raw.connect_timeout,
    timeoutMs: raw.timeout,
    idleTimeoutMs: raw.idle_timeout,
    tunnelIdleMs: raw.tunnel_idle,
    keepAliveMs: raw.keep_alive,
    retries: raw.retries,
    maxConnections: raw.max_connections,
    maxTunnels: raw.max_tunnels,
    forwardAuthorization: raw.forward_authorization,
    host: raw.host,
    headers: {
      set: Object.entries(headers.set).filter(isText),
      claims: claimFieldsOf(headers.set),
      remove: headers.remove.map((field) => field.toLowerCase()),
    },
    tls: {
      ca: text(tls?.ca),
      cert: text(tls?.cert),
      key: text(tls?.key),
      serverName: tls?.server_name,
      insecure: tls?.insecure ?? false,
    },
    balance: raw.balance,
    health: raw.health && compileHealth(raw.health),
    ejection: raw.ejection && {
      failures: raw.ejection.failures,
      cooldownMs: raw.ejection.cooldown,
      slowStartMs: raw.ejection.slow_start,
    },
    breaker: raw.breaker && {
      failureRate: raw.breaker.failure_rate,
      requests: raw.breaker.requests,
      windowMs: raw.breaker.window,
      cooldownMs: raw.breaker.cooldown,
    },
    resolveEveryMs: raw.resolve_every,
  };
}

type RawFields = Validated['upstreams'][string]['headers']['set'];

function claimFieldsOf(fields: RawFields): Upstream['headers']['claims'] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value instanceof ClaimReference ? [[name, value.claim] as const] : [],
  );
}

function isText(entry: [string, RawFields[string]]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

function compileHealth(raw: NonNullable<Validated['upstreams'][string]['health']>): HealthCheck {
  return {
    path: raw.path,
    intervalMs: raw.interval,
    timeoutMs: raw.timeout,
    unhealthyAfter: raw.unhealthy_after,
    healthyAfter: raw.healthy_after,
  };
}
