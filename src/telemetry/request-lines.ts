/** The access log for a logger that the library's user supplies: the fields of `access-log.ts`, as an object. */
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import { ALL_REQUESTS, isLogged, type LoggedRequests } from './logged-requests.js';
import { loggedPath } from './path.js';

/**
 * Creates an observer that logs one line for each finished exchange, at level `info`.
 * @param logged may change at a reload
 */
export function createRequestLines(log: Log, logged: LoggedRequests = ALL_REQUESTS): Observe {
  return (record) => {
    if (logged.access !== true && !isLogged(record, logged)) return;
    const { head, route, endpoint, principal, status, reason, detail, shadow, target } = record;
    const fields = {
      request_id: head.id,
      trace_id: record.traceId,
      client_ip: head.clientIp,
      method: head.method,
      ...(logged.paths && { path: loggedPath(head.target) }),
      route: route?.label ?? endpoint ?? 'none',
      issuer: principal?.issuer,
      app: principal?.app,
      status,
      reason,
      detail,
      shadow: shadow?.reason,
      shadow_detail: shadow?.detail,
      target,
      duration_ms: record.durationMs,
      upstream_ms: record.upstreamMs,
    };
    log.info(fields, 'request');
  };
}
