/** Parts of the model for tests that set some of the fields and use defaults for the rest. */
import { ParseError } from '../../src/config/problem.js';
import { parseRedisUrl } from '../../src/config/schema/redis-url.js';
import type { RedisSettings } from '../../src/model/settings.js';
import type { Route } from '../../src/model/route.js';
import type { Target, Upstream, UpstreamTls } from '../../src/model/upstream.js';

/** TLS of an upstream as it is without settings. */
export const NO_TLS: UpstreamTls = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  insecure: false,
};

export function targetAt(origin: string): Target {
  return { origin, host: new URL(origin).host };
}

/** An upstream whose target is a port where nobody listens. */
export function makeUpstream(changes: Partial<Upstream> = {}): Upstream {
  return {
    name: 'things',
    targets: [targetAt('http://127.0.0.1:9')],
    connectTimeoutMs: 1000,
    timeoutMs: 1000,
    idleTimeoutMs: 1000,
    tunnelIdleMs: 1000,
    keepAliveMs: 4000,
    retries: 0,
    maxConnections: 1,
    maxTunnels: 16,
    forwardAuthorization: true,
    host: 'target',
    headers: { set: [], claims: [], remove: [] },
    identityFields: [],
    clientIpHeader: undefined,
    tls: NO_TLS,
    balance: 'round-robin',
    health: undefined,
    ejection: undefined,
    breaker: undefined,
    resolveEveryMs: 10_000,
    ...changes,
  };
}

/** A public route, `GET /things`, without limits. */
export function makeRoute(changes: Partial<Route> = {}): Route {
  return {
    match: 'GET /things',
    label: changes.match ?? 'GET /things',
    line: 1,
    hosts: undefined,
    methods: new Set(['GET']),
    path: [{ kind: 'literal', text: 'things' }],
    access: { kind: 'public' },
    require: undefined,
    limits: [],
    onFailure: 'local',
    upstream: makeUpstream(),
    rewrite: undefined,
    timeoutMs: undefined,
    responseHeaders: undefined,
    maxBodyBytes: 1024,
    allowEncodedSlash: false,
    cors: undefined,
    shadow: undefined,
    ...changes,
  };
}

export function redisAt(text: string, timeoutMs: number, keyPrefix = ''): RedisSettings {
  const url = parseRedisUrl(text);
  if (url instanceof ParseError) throw new TypeError(url.text);
  const { address, db, username, password } = url;
  const access = { username, password, tls: undefined };
  return { servers: { kind: 'single', address, db, access }, timeoutMs, keyPrefix };
}
