/** Handles an exchange: preflight, token service or pipeline, then forward/ or a refusal. Called by `edge.ts`. */
import { admit, type TokenServiceMount } from '../gateway.js';
import type { Admission, Rejection, RequestTarget } from '../model/decision.js';
import { Refusal } from '../model/refusal.js';
import { preflightHeaders } from './cors.js';
import { localOutcome, record, reject, UNIDENTIFIED } from './end-exchange.js';
import { parsedBody } from './parsed-body.js';
import { removeIdentity } from './remove-identity.js';
import type { Next, RequestContext } from './request-context.js';
import { endBatched } from './response-batcher.js';
import { baseHeaders, responseHeaders } from './response-headers.js';

/** With a body, the bytes after the head could be read as the body or as the new protocol. */
const NO_HANDSHAKE: Rejection = {
  refusal: new Refusal('malformed_request', [], 'a WebSocket handshake is an HTTP/1.1 GET without a body'),
  ...UNIDENTIFIED,
};
const NO_ROUTE: Rejection = { refusal: new Refusal('no_route'), ...UNIDENTIFIED };

/**
 * Handles a request until it has a complete response or is a tunnel. Rejects only for a bug in the gateway.
 *
 * @param next receives a request without a route, instead of a 404
 */
export async function handleRequest(context: RequestContext, next: Next | undefined): Promise<void> {
  const { gateway, head, tunnel } = context;
  if (!context.isMounted) {
    if (next) callNext(context, next);
    else reject(context, NO_ROUTE);
    return;
  }
  const target = head.headError ?? gateway.readTarget(head);
  if (head.preflightMethod !== undefined && !(target instanceof Refusal)) {
    if (respondToPreflight(context, target, head.preflightMethod, next !== undefined)) return;
  }
  if (tunnel && !head.websocket) {
    reject(context, NO_HANDSHAKE);
    return;
  }
  if (gateway.tokens && !(target instanceof Refusal)) {
    const { service, resembles } = gateway.tokens;
    const isOwn = service.owns(target.path);
    if (isOwn && !tunnel) {
      await handleTokenRequest(context, gateway.tokens, target.path);
      return;
    }
    // The service has no WebSockets, and no upstream may receive a handshake or a secret that was meant for it.
    if (isOwn || resembles(target.path)) {
      reject(context, NO_ROUTE);
      return;
    }
  }
  const decision = await admit(gateway.steps, head, target);
  if (!('refusal' in decision)) await forward(context, decision);
  else if (next && decision.refusal.reason === 'no_route') callNext(context, next);
  else reject(context, decision);
}

function callNext({ req, gateway }: RequestContext, next: Next): void {
  removeIdentity(req, gateway.identityFields);
  next();
}

/** Passes a request to the token service, whose paths never belong to a route, not even to a catch-all. */
async function handleTokenRequest(
  context: RequestContext,
  { service }: TokenServiceMount,
  path: string,
): Promise<void> {
  const { gateway, req, res, head } = context;
  const { id: requestId, clientIp } = head;
  const headers = responseHeaders(context, gateway.cors);
  const { status, endpoint, reason } = await service.handle(req, res, { path, clientIp, requestId, headers });
  record(context, UNIDENTIFIED, localOutcome(status, reason), endpoint);
}

/** Forwards an admitted request, and records the exchange when it is over. */
async function forward(context: RequestContext, admission: Admission): Promise<void> {
  const { edge, gateway, req, res, tunnel } = context;
  const { route, quota, forwardedHead: head = context.head } = admission;
  const fields = responseHeaders(context, route.cors, quota?.headers);
  const body = parsedBody(req, head, edge.explains);
  if (body instanceof Refusal) {
    edge.log.error({ request_id: head.id, route: route.label }, body.detail ?? body.reason);
    rejectAdmitted(context, admission, body, fields);
    return;
  }
  const exchange = { req, res, head, admission, responseHeaders: fields, parsedBody: body, end: endBatched };
  const result = tunnel
    ? await gateway.forwarder.tunnel({ ...exchange, ...tunnel })
    : await gateway.forwarder.forward(exchange);
  if (result instanceof Refusal) {
    rejectAdmitted(context, admission, result, fields);
    return;
  }
  const { status, fault: reason, target, upstreamMs } = result;
  record(context, admission, { status, reason, detail: undefined, target, upstreamMs });
}

function rejectAdmitted(
  context: RequestContext,
  { route, principal }: Admission,
  refusal: Refusal,
  fields: ReturnType<typeof responseHeaders>,
): void {
  reject(context, { refusal, route, principal }, fields);
}

/** Returns true where a CORS section covers the preflight; the application behind the gateway handles its own. */
function respondToPreflight(
  context: RequestContext,
  target: RequestTarget,
  method: string,
  hasNext: boolean,
): boolean {
  const { gateway, res, head } = context;
  const isTokenEndpoint = gateway.tokens?.service.owns(target.path) === true;
  const found = isTokenEndpoint ? undefined : gateway.steps.match(target, method, head.host);
  if (found instanceof Refusal && (found.status === 400 || (hasNext && found.status === 404))) return false;
  const route = found instanceof Refusal ? undefined : found?.route;
  const cors = route ? route.cors : gateway.cors;
  if (cors === undefined) return false;
  res.writeHead(204, [...baseHeaders(context), ...preflightHeaders(cors, head, method)]).end();
  record(context, { route, principal: undefined }, localOutcome(204));
  return true;
}
