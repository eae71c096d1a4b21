/** Limits, routes and callers for the tests of counting. */
import type { FailurePolicy, LimitPolicy, LimitSubject } from '../../src/model/limit.js';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { Route } from '../../src/model/route.js';

export function policy(
  requests: number,
  windowMs: number,
  by: LimitSubject = 'app',
  share?: string,
): LimitPolicy {
  return { requests, windowMs, by, share, id: `${share ?? 'GET /things'} ${windowMs} ${by}` };
}

export function route(limits: readonly LimitPolicy[], onFailure: FailurePolicy = 'local'): Route {
  return {
    match: 'GET /things',
    line: 1,
    methods: new Set(['GET']),
    path: [{ kind: 'literal', text: 'things' }],
    access: { kind: 'public' },
    limits,
    onFailure,
    upstream: {
      name: 'things',
      targets: [{ origin: 'http://127.0.0.1:9', host: '127.0.0.1:9' }],
      connectTimeoutMs: 1000,
      timeoutMs: 1000,
      idleTimeoutMs: 1000,
      tunnelIdleMs: 1000,
      retries: 0,
      maxConnections: 1,
      forwardAuthorization: true,
      host: 'target',
      headers: { set: [], remove: [] },
      tls: { ca: undefined },
    },
    rewrite: undefined,
    maxBodyBytes: 1024,
    allowEncodedSlash: false,
    cors: undefined,
  };
}

export function app(id: string, issuer = 'project'): Principal {
  return { ...ANONYMOUS, issuer, app: id };
}
