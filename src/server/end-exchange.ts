/** Ends exchanges: sends refusals, and records each exchange once. Called by `request-handler.ts` and `edge.ts`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { destroyResponse } from '../shared/destroy-response.js';
import type { Rejection } from '../model/decision.js';
import { BROKEN_BODY, CLIENT_CLOSED_REQUEST, type ExchangeRecord } from '../model/record.js';
import { Refusal, type FlatHeaders } from '../model/refusal.js';
import type { EdgeState, RequestContext } from './request-context.js';
import { baseHeaders, responseHeaders } from './response-headers.js';
import { sendError } from './send-error.js';

/** The part of an exchange's record that the request context and the decision do not contain. */
export type ExchangeOutcome = Pick<ExchangeRecord, 'status' | 'reason' | 'detail' | 'target' | 'upstreamMs'>;

const INTERNAL_ERROR = new Refusal('internal_error');

/** Whose exchange it was, and what rules in shadow found. */
type Identified = Pick<Rejection, 'route' | 'principal' | 'shadow'>;

/** For exchanges that ended before their route and caller were known. */
export const UNIDENTIFIED: Identified = {
  route: undefined,
  principal: undefined,
};

/** Makes the outcome of an exchange that ended in the gateway. All fields are listed: V8 is slow with spread objects. */
export function localOutcome(status: number, reason?: string, detail?: string): ExchangeOutcome {
  return { status, reason, detail, target: undefined, upstreamMs: undefined };
}

/**
 * Sends a refusal, and records the exchange.
 *
 * @param fields the response's fields besides the refusal's own; by default those that belong to the route
 */
export function reject(context: RequestContext, rejection: Rejection, fields?: FlatHeaders): void {
  const { gateway, req, res, parseError } = context;
  const { refusal, route } = rejection;
  if (!parseError)
    sendError(req, res, refusal, fields ?? responseHeaders(context, route ? route.cors : gateway.cors));
  const status = res.headersSent ? refusal.status : CLIENT_CLOSED_REQUEST;
  record(context, rejection, localOutcome(status, refusal.reason, refusal.detail));
}

/**
 * Records an exchange. Called once for each, however it ends.
 *
 * @param endpoint the token service's endpoint that responded
 */
export function record(
  context: RequestContext,
  { route, principal, shadow }: Identified,
  outcome: ExchangeOutcome,
  endpoint?: string,
): void {
  const { edge, head, startedMs, trace, parseError } = context;
  context.isRecorded = true;
  const { status, reason, detail } = parseError ? localOutcome(parseError.status, BROKEN_BODY) : outcome;
  const { target, upstreamMs } = outcome;
  const durationMs = edge.now() - startedMs;
  const finished: ExchangeRecord = {
    head,
    route,
    endpoint,
    principal,
    status,
    reason,
    detail,
    shadow,
    target,
    durationMs,
    upstreamMs,
    traceId: trace?.sampledId,
  };
  trace?.end(finished);
  edge.observe(finished);
}

/**
 * Responds with 500 after a bug in the gateway, so that the process continues and the client does not hang.
 *
 * @param context undefined where the bug was in making it
 */
export function handleCrash(
  { log }: EdgeState,
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext | undefined,
  error: unknown,
): void {
  log.error({ request_id: context?.head.id, err: error }, 'internal error while handling a request');
  if (res.headersSent) destroyResponse(res);
  else sendError(req, res, INTERNAL_ERROR, context ? baseHeaders(context) : []);
  if (context === undefined || context.isRecorded) return;
  record(context, UNIDENTIFIED, localOutcome(INTERNAL_ERROR.status, INTERNAL_ERROR.reason));
}
