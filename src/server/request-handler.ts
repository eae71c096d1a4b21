/** Handles an exchange: preflight, token service or pipeline, then forward/ or a refusal. Called by `edge.ts`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Gateway, TokenServiceMount } from '../gateway.js';
import type { Admission, Rejection } from '../model/decision.js';
import type { Log } from '../model/log.js';
import { CLIENT_CLOSED_REQUEST, type ExchangeRecord, type Observe } from '../model/record.js';
import { Refusal, type FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors } from '../model/route.js';
import { sendError } from './send-error.js';
import { removeIdentity } from './remove-identity.js';
import { corsHeaders, preflightHeaders } from './cors.js';
import { endBatched } from './response-batcher.js';
import { parsedBody } from './parsed-body.js';
import type { ConnectionState } from './connection-state.js';

/** Passes a request without a route to the next handler of the same application. */
export type Next = () => void;

export interface RequestContext extends ConnectionState {
  readonly gateway: Gateway;
  readonly req: IncomingMessage;
  readonly head: RequestHead;
  readonly startedMs: number;
  /** Present for an upgrade request. */
  readonly tunnel: Tunnel | undefined;
  /** Whether the request is under the mount path of the gateway. */
  readonly isMounted: boolean;
  /** Whether the exchange has ended and was recorded. */
  isRecorded: boolean;
}

export interface Tunnel {
  readonly socket: Socket;
  readonly firstBytes: Buffer;
  /** Called once, when the upstream has responded with 101. */
  readonly opened: () => void;
}

export interface RequestHandlerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly log: Log;
  /** Whether every response closes its connection. */
  readonly isDraining: () => boolean;
  /** Whether a response explains an error of the surrounding application; by default it does not. */
  readonly explains?: boolean;
}

export interface RequestHandler {
  /** Handles a request. With `next`, a request without a route goes to `next` instead of a 404. */
  readonly handle: (context: RequestContext, next: Next | undefined) => Promise<void>;
  /** Responds with 500 after a bug in the gateway, so that the process continues and the client does not hang. */
  readonly handleCrash: (
    req: IncomingMessage,
    res: ServerResponse,
    context: RequestContext | undefined,
    error: unknown,
  ) => void;
}

/** The part of an exchange's record that the request context and the decision do not contain. */
type ExchangeOutcome = Pick<ExchangeRecord, 'status' | 'reason' | 'detail' | 'target' | 'upstreamMs'>;

/** The recorded reason where the body failed to parse after the head was accepted and perhaps forwarded. */
const BROKEN_BODY = 'client_body_broken';

/** With a body, the bytes after the head could be read as the body or as the new protocol. */
const NO_HANDSHAKE = new Refusal(
  'malformed_request',
  [],
  'a WebSocket handshake is an HTTP/1.1 GET without a body',
);

/** Makes the outcome of an exchange that ended in the gateway. All fields are listed: V8 is slow with spread objects. */
function localOutcome(status: number, reason?: string, detail?: string): ExchangeOutcome {
  return { status, reason, detail, target: undefined, upstreamMs: undefined };
}

const INTERNAL_ERROR = new Refusal('internal_error');
const NO_ROUTE: Rejection = { refusal: new Refusal('no_route'), route: undefined, principal: undefined };

/** Creates the request handler. However an exchange ends, it is recorded once. */
export function createRequestHandler({
  now,
  observe,
  log,
  isDraining,
  explains = false,
}: RequestHandlerOptions): RequestHandler {
  async function handle(context: RequestContext, next: Next | undefined): Promise<void> {
    const { gateway, head } = context;
    if (!context.isMounted) {
      if (next) callNext(context, next);
      else reject(context, NO_ROUTE);
      return;
    }
    if (head.preflightMethod !== undefined && head.headError === undefined) {
      if (respondToPreflight(context, head.preflightMethod, next !== undefined)) return;
    }
    if (context.tunnel && !head.websocket) {
      reject(context, { refusal: NO_HANDSHAKE, route: undefined, principal: undefined });
      return;
    }
    if (gateway.tokens && head.headError === undefined && (await serveTokenEndpoint(context, gateway.tokens)))
      return;
    const decision = await gateway.admit(head);
    if ('refusal' in decision) {
      if (next && decision.refusal.reason === 'no_route') callNext(context, next);
      else reject(context, decision);
    } else {
      await forward(context, decision);
    }
  }

  function callNext({ req }: RequestContext, next: Next): void {
    removeIdentity(req);
    next();
  }

  /** The token service's paths never belong to a route, not even to a catch-all. */
  function isTokenEndpoint({ gateway: { tokens }, head }: RequestContext): boolean {
    return tokens?.service.owns(tokens.readPath(head) ?? '') ?? false;
  }

  /** Returns true where the request was for the token service, or its path resembles one of the service's. */
  async function serveTokenEndpoint(
    context: RequestContext,
    { service, readPath, resembles }: TokenServiceMount,
  ): Promise<boolean> {
    const { gateway, req, res, head, tunnel } = context;
    const path = readPath(head);
    if (path === undefined) return false;
    // The service has no WebSockets, and no upstream may receive a handshake that was meant for it.
    if (tunnel || !service.owns(path)) {
      const isRefused = service.owns(path) || resembles(path);
      if (isRefused) reject(context, NO_ROUTE);
      return isRefused;
    }
    const { id: requestId, clientIp } = head;
    const headers = responseHeaders(head, gateway.cors);
    const { status, endpoint, reason } = await service.handle(req, res, {
      path,
      clientIp,
      requestId,
      headers,
    });
    record(context, { route: undefined, principal: undefined }, localOutcome(status, reason), endpoint);
    return true;
  }

  async function forward(context: RequestContext, admission: Admission): Promise<void> {
    const { gateway, req, res, head, tunnel } = context;
    const cors = admission.route.cors;
    const fields = responseHeaders(head, cors, admission.quota?.headers);
    const body = parsedBody(req, head, explains);
    if (body instanceof Refusal) {
      log.error({ request_id: head.id, route: admission.route.match }, body.detail ?? body.reason);
      reject(context, { ...admission, refusal: body }, fields);
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
    };
    const result = tunnel
      ? await gateway.forwarder.tunnel({ ...exchange, ...tunnel })
      : await gateway.forwarder.forward(exchange);
    if (result instanceof Refusal) {
      reject(context, { ...admission, refusal: result }, fields);
    } else {
      const { status, fault: reason, target, upstreamMs } = result;
      record(context, admission, { status, reason, detail: undefined, target, upstreamMs });
    }
  }

  function reject(context: RequestContext, rejection: Rejection, fields?: FlatHeaders): void {
    const { gateway, req, res, head, parseError } = context;
    const { refusal, route } = rejection;
    if (!parseError)
      sendError(req, res, refusal, fields ?? responseHeaders(head, route ? route.cors : gateway.cors));
    const { reason, detail } = refusal;
    const status = res.headersSent ? refusal.status : CLIENT_CLOSED_REQUEST;
    record(context, rejection, localOutcome(status, reason, detail));
  }

  /** Returns true where a CORS section covers the preflight; the application behind the gateway handles its own. */
  function respondToPreflight(context: RequestContext, method: string, hasNext: boolean): boolean {
    const { gateway, res, head } = context;
    const found = isTokenEndpoint(context) ? undefined : gateway.match({ ...head, method });
    if (found instanceof Refusal && (found.status === 400 || (hasNext && found.status === 404))) return false;
    const route = found instanceof Refusal ? undefined : found?.route;
    const cors = route ? route.cors : gateway.cors;
    if (cors === undefined) return false;
    res.writeHead(204, [...baseHeaders(head), ...preflightHeaders(cors, head, method)]).end();
    record(context, { route, principal: undefined }, localOutcome(204));
    return true;
  }

  function record(
    context: RequestContext,
    { route, principal }: Pick<Rejection, 'route' | 'principal'>,
    outcome: ExchangeOutcome,
    endpoint?: string,
  ): void {
    const { head, startedMs, parseError } = context;
    context.isRecorded = true;
    const { status, reason, detail } = parseError ? localOutcome(parseError.status, BROKEN_BODY) : outcome;
    const { target, upstreamMs } = outcome;
    const durationMs = now() - startedMs;
    observe({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs });
  }

  function responseHeaders(head: RequestHead, cors: Cors | undefined, quota: FlatHeaders = []): FlatHeaders {
    const fields = baseHeaders(head);
    for (const text of quota) fields.push(text);
    for (const text of corsHeaders(cors, head.origin)) fields.push(text);
    return fields;
  }

  function baseHeaders(head: RequestHead): string[] {
    return isDraining() ? ['X-Request-Id', head.id, 'Connection', 'close'] : ['X-Request-Id', head.id];
  }

  function handleCrash(
    req: IncomingMessage,
    res: ServerResponse,
    context: RequestContext | undefined,
    error: unknown,
  ): void {
    log.error({ request_id: context?.head.id, err: error }, 'a request failed inside the gateway');
    if (res.headersSent) res.destroy();
    else sendError(req, res, INTERNAL_ERROR, context ? baseHeaders(context.head) : []);
    if (context === undefined || context.isRecorded) return;
    const { status, reason } = INTERNAL_ERROR;
    record(context, { route: undefined, principal: undefined }, localOutcome(status, reason));
  }

  return { handle, handleCrash };
}
