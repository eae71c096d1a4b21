/** The access log in somebody else's logger: the same fields as `access-log.ts` has, as an object. */
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import { pathOf } from './path.js';

/**
 * One line a request, of the level `info`.
 * @param logged whether a line has the request's path; may change at a reload
 */
export function createRequestLines(
  log: Log,
  logged: { readonly paths: boolean } = { paths: false },
): Observe {
  return ({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs }) => {
    const fields = {
      request_id: head.id,
      client_ip: head.clientIp,
      method: head.method,
      ...(logged.paths && { path: pathOf(head.target) }),
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
