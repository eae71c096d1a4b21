/** Handles an exchange: preflight, token service or pipeline, then forward/ or a refusal. Called by `edge.ts`. */
import { admit } from '../gateway.js';
import type { Admission } from '../model/decision.js';
import { Refusal } from '../model/refusal.js';
import { preflightHeaders } from './cors.js';
import { decideEarly, NO_ROUTE, type EarlyDecision } from './early-decision.js';
import { localOutcome, record, reject, UNIDENTIFIED } from './end-exchange.js';
import { handleLimitStatus } from './limit-status.js';
import { parsedBody } from './parsed-body.js';
import { removeIdentity } from './remove-identity.js';
import type { Next, RequestContext } from './request-context.js';
import { endBatched } from './response-batcher.js';
import { baseHeaders, responseHeaders } from './response-headers.js';

/**
 * Handles a request until it has a complete response or is a tunnel. Rejects only for a bug in the gateway.
 *
 * @param next receives a request without a route, instead of a 404
 */
export async function handleRequest(context: RequestContext, next: Next | undefined): Promise<void> {
  const { gateway, head, tunnel, trace } = context;
  if (!context.isMounted) {
    if (next) callNext(context, next);
    else reject(context, NO_ROUTE);
    return;
  }
  const target = head.headError ?? gateway.readTarget(head);
  const early = decideEarly(gateway, head, target, tunnel !== undefined, next !== undefined);
  if (early) {
    await respondEarly(context, early);
    return;
  }
  const decision = await admit(gateway.steps, head, target, trace);
  if (!('refusal' in decision)) await forward(context, decision);
  else if (next && decision.refusal.reason === 'no_route') callNext(context, next);
  else reject(context, decision);
}

function callNext({ req, gateway }: RequestContext, next: Next): void {
  removeIdentity(req, gateway.identityFields);
  next();
}

/** Responds to a request that never comes to the pipeline. */
async function respondEarly(context: RequestContext, early: EarlyDecision): Promise<void> {
  switch (early.kind) {
    case 'preflight':
      respondToPreflight(context, early);
      return;
    case 'tokens':
      await handleTokenRequest(context, early.path);
      return;
    case 'limit_status':
      await handleLimitStatus(context, early.status);
      return;
    case 'reject':
      reject(context, early.rejection);
  }
}

/** Passes a request to the token service, whose paths never belong to a route, not even to a catch-all. */
async function handleTokenRequest(context: RequestContext, path: string): Promise<void> {
  const { gateway, req, res, head } = context;
  if (!gateway.tokens) throw new Error('a request for the token service came without one');
  const { id: requestId, clientIp } = head;
  const headers = responseHeaders(context, gateway.cors);
  const { status, endpoint, reason } = await gateway.tokens.service.handle(req, res, {
    path,
    clientIp,
    requestId,
    headers,
  });
  record(context, UNIDENTIFIED, localOutcome(status, reason), endpoint);
}

/** Forwards an admitted request, and records the exchange when it is over. */
async function forward(context: RequestContext, admission: Admission): Promise<void> {
  const { edge, gateway, req, res, tunnel, trace } = context;
  const { route, quota, forwardedHead: head = context.head } = admission;
  const fields = responseHeaders(context, route.cors, quota?.headers);
  const body = parsedBody(req, head, edge.explains);
  if (body instanceof Refusal) {
    edge.log.error(
      { request_id: head.id, route: route.label, detail: body.detail },
      'the request body cannot be forwarded',
    );
    rejectAdmitted(context, admission, body, fields);
    return;
  }
  const exchange = {
    req,
    res,
    head,
    admission,
    responseHeaders: fields,
    parsedBody: body,
    end: endBatched,
    trace,
  };
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
  { route, principal, shadow }: Admission,
  refusal: Refusal,
  fields: ReturnType<typeof responseHeaders>,
): void {
  reject(context, { refusal, route, principal, shadow }, fields);
}

function respondToPreflight(
  context: RequestContext,
  { route, cors }: EarlyDecision & { kind: 'preflight' },
): void {
  const { res, head } = context;
  const method = head.preflightMethod ?? '';
  res.writeHead(204, [...baseHeaders(context), ...preflightHeaders(cors, head, method)]).end();
  record(context, { route, principal: undefined }, localOutcome(204));
}
