/** The access log in somebody else's logger: the same fields as `access-log.ts` has, as an object. */
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';

/** One line a request, of the level `info`. */
export function createRequestLines(log: Log): Observe {
  return ({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs }) => {
    const fields = {
      request_id: head.id,
      client_ip: head.clientIp,
      method: head.method,
      route: route?.match ?? endpoint ?? 'none',
      issuer: principal?.issuer,
      app: principal?.app,
      status,
      reason,
      detail,
      target,
      duration_ms: durationMs,
      upstream_ms: upstreamMs,
    };
    log.info(fields, 'request');
  };
}
