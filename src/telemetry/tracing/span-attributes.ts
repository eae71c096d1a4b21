/**
 * What a span says of its request: the attributes of OpenTelemetry's semantic conventions for HTTP servers (1.23 and
 * later), and the gateway's own. The query, the token and other fields of the request are never among them.
 */
import type { Attributes } from '@opentelemetry/api';
import type { ExchangeRecord } from '../../model/record.js';
import type { RequestHead } from '../../model/request.js';
import type { Route } from '../../model/route.js';
import { loggedPath } from '../path.js';

/** The methods that the conventions know. A client can make up others, which must not become names of spans. */
const METHODS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
]);
const PORT = /:\d*$/;
/** A fault of the gateway or of the upstream, although the status that was sent is not an error. */
const FAULT = /^(?:upstream_|internal_error$|tunnel_broken$)/;

/** Returns the name of a span, of which there are few: the method with the route's path or the endpoint, or the method. */
export function nameOf({ head, route, endpoint }: ExchangeRecord): string {
  const { method } = head;
  const name = method !== undefined && METHODS.has(method) ? method : 'HTTP';
  const place = route ? pathOf(route) : endpoint;
  return place === undefined ? name : `${name} ${place}`;
}

/** Returns whether the exchange failed by the gateway or the upstream, and not by the caller. */
export function isError({ status, reason }: ExchangeRecord): boolean {
  return status >= 500 || (reason !== undefined && FAULT.test(reason));
}

/**
 * Returns the attributes of a span. What is absent is undefined, which the SDK leaves out.
 *
 * @param paths whether the request's path is among them, as in the access log
 */
export function attributesOf(
  { forwardedProto, host }: RequestHead,
  record: ExchangeRecord,
  paths: boolean,
): Attributes {
  const { head, route, endpoint, principal, status, reason, detail, shadow, target } = record;
  const { method } = head;
  const isKnown = method !== undefined && METHODS.has(method);
  return {
    'http.request.method': isKnown ? method : '_OTHER',
    'http.request.method_original': isKnown ? undefined : method,
    'http.route': route && pathOf(route),
    'http.response.status_code': status,
    'error.type': isError(record) ? (reason ?? String(status)) : undefined,
    'url.scheme': forwardedProto,
    'url.path': paths ? loggedPath(head.target) : undefined,
    'server.address': host === '' ? undefined : host.replace(PORT, ''),
    'client.address': head.clientIp,
    'tollgate.request_id': head.id,
    'tollgate.route': route?.label,
    'tollgate.endpoint': endpoint,
    'tollgate.issuer': presentOf(principal?.issuer),
    'tollgate.app': presentOf(principal?.app),
    'tollgate.reason': reason,
    'tollgate.detail': detail,
    'tollgate.shadow': shadow?.reason,
    'tollgate.upstream': route?.upstream.name,
    'tollgate.target': target,
  };
}

/** The path of a route as written. */
function pathOf({ match }: Route): string {
  return match.slice(match.lastIndexOf(' ') + 1);
}

/** The anonymous caller has empty texts. */
function presentOf(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
