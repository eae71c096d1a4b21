/**
 * The access log: one line an exchange, saying which rule decided and why. It names the route, never the target: a
 * path may hold what only its owner should read, and a query may hold a secret.
 */
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';

export function createAccessLog(log: Log): Observe {
  return ({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs }) => {
    log.info(
      {
        request_id: head.id,
        client_request_id: head.clientRequestId,
        client_ip: head.clientIp,
        method: head.method,
        route: route?.match ?? endpoint ?? 'none',
        issuer: principal?.issuer === '' ? undefined : principal?.issuer,
        app: principal?.app === '' ? undefined : principal?.app,
        status,
        reason,
        detail,
        target,
        duration_ms: round(durationMs),
        upstream_ms: upstreamMs === undefined ? undefined : round(upstreamMs),
      },
      'request',
    );
  };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
