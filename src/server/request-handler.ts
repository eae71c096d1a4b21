/**
 * One exchange on its way between the edge and the stages: preflight? → token service? → admit (gateway.ts) → forward/
 * or a refusal. However it ends, it is told of once.
 */
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
import { removeIdentity } from './hand-over.js';
import { corsHeaders, preflightHeaders } from './cors.js';
import { endBatched } from './response-batcher.js';
import { parsedBody } from './parsed-body.js';
import type { ConnectionState } from './connection-state.js';

/** Passes a request that no route names on to whatever stands behind the gate in the same application. */
export type Next = () => void;

export interface RequestContext extends ConnectionState {
  readonly gateway: Gateway;
  readonly req: IncomingMessage;
  readonly head: RequestHead;
  readonly startedMs: number;
  /** Present where the request asks to become a WebSocket. */
  readonly tunnel: Tunnel | undefined;
  /** Whether the request is under the path where the gate is mounted. */
  readonly isMounted: boolean;
  /** Whether the exchange is over and was told of. */
  isRecorded: boolean;
}

export interface Tunnel {
  readonly socket: Socket;
  readonly firstBytes: Buffer;
  /** Called once, when the upstream has answered 101. */
  readonly opened: () => void;
}

export interface RequestHandlerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly log: Log;
  /** Whether every answer closes its connection. */
  readonly isDraining: () => boolean;
  /** Whether a response says what the application around the gate has done wrong; by default it does not. */
  readonly explains?: boolean;
}

export interface RequestHandler {
  /** Answers. With `next`, what no route names is passed on instead of refused with 404. */
  readonly handle: (visit: RequestContext, next: Next | undefined) => Promise<void>;
  /** A bug in the gate costs one request a 500; never the process, and never a hanging caller. */
  readonly handleCrash: (
    req: IncomingMessage,
    res: ServerResponse,
    visit: RequestContext | undefined,
    error: unknown,
  ) => void;
}

/** How an exchange ended, beside what the visit and the decision already tell. */
type ExchangeOutcome = Pick<ExchangeRecord, 'status' | 'reason' | 'detail' | 'target' | 'upstreamMs'>;

/** The reason where the request had been taken for sound until then, and perhaps forwarded. */
const BROKEN_BODY = 'client_body_broken';

/** With a body, what follows the head could be read as that or as the new protocol. */
const NO_HANDSHAKE = new Refusal(
  'malformed_request',
  [],
  'a WebSocket handshake is an HTTP/1.1 GET without a body',
);

/** Of an exchange that ended at the gate. Spelled out, since a spread makes objects that V8 is slow with. */
function localOutcome(status: number, reason?: string, detail?: string): ExchangeOutcome {
  return { status, reason, detail, target: undefined, upstreamMs: undefined };
}

const INTERNAL_ERROR = new Refusal('internal_error');
const NO_ROUTE: Rejection = { refusal: new Refusal('no_route'), route: undefined, principal: undefined };

export function createRequestHandler({
  now,
  observe,
  log,
  isDraining,
  explains = false,
}: RequestHandlerOptions): RequestHandler {
  async function answer(visit: RequestContext, next: Next | undefined): Promise<void> {
    const { gateway, head } = visit;
    if (!visit.isMounted) {
      if (next) handOver(visit, next);
      else reject(visit, NO_ROUTE);
      return;
    }
    if (head.preflightMethod !== undefined && head.headError === undefined) {
      if (respondToPreflight(visit, head.preflightMethod, next !== undefined)) return;
    }
    if (visit.tunnel && !head.websocket) {
      reject(visit, { refusal: NO_HANDSHAKE, route: undefined, principal: undefined });
      return;
    }
    if (gateway.tokens && head.headError === undefined && (await serveTokenEndpoint(visit, gateway.tokens)))
      return;
    const decision = await gateway.admit(head);
    if ('refusal' in decision) {
      if (next && decision.refusal.reason === 'no_route') handOver(visit, next);
      else reject(visit, decision);
    } else {
      await forward(visit, decision);
    }
  }

  function handOver({ req }: RequestContext, next: Next): void {
    removeIdentity(req);
    next();
  }

  /** The token service's paths are never a route's, a catch-all's neither. */
  function isTokenEndpoint({ gateway: { tokens }, head }: RequestContext): boolean {
    return tokens?.service.owns(tokens.readPath(head) ?? '') ?? false;
  }

  /** True where the request is for the token service, or looks like one. */
  async function serveTokenEndpoint(
    visit: RequestContext,
    { service, readPath, resembles }: TokenServiceMount,
  ): Promise<boolean> {
    const { gateway, req, res, head, tunnel } = visit;
    const path = readPath(head);
    if (path === undefined) return false;
    // The service has no WebSockets, and no upstream may get a handshake that was meant for it.
    if (tunnel || !service.owns(path)) {
      const isNobodys = service.owns(path) || resembles(path);
      if (isNobodys) reject(visit, NO_ROUTE);
      return isNobodys;
    }
    const { id: requestId, clientIp } = head;
    const headers = responseHeaders(head, gateway.cors);
    const { status, endpoint, reason } = await service.handle(req, res, {
      path,
      clientIp,
      requestId,
      headers,
    });
    record(visit, { route: undefined, principal: undefined }, localOutcome(status, reason), endpoint);
    return true;
  }

  async function forward(visit: RequestContext, admission: Admission): Promise<void> {
    const { gateway, req, res, head, tunnel } = visit;
    const cors = admission.route.cors;
    const fields = responseHeaders(head, cors, admission.quota?.headers);
    const body = parsedBody(req, head, explains);
    if (body instanceof Refusal) {
      log.error({ request_id: head.id, route: admission.route.match }, body.detail ?? body.reason);
      reject(visit, { ...admission, refusal: body }, fields);
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
      reject(visit, { ...admission, refusal: result }, fields);
    } else {
      const { status, fault: reason, target, upstreamMs } = result;
      record(visit, admission, { status, reason, detail: undefined, target, upstreamMs });
    }
  }

  function reject(visit: RequestContext, denial: Rejection, fields?: FlatHeaders): void {
    const { gateway, req, res, head, parseError } = visit;
    const { refusal, route } = denial;
    if (!parseError)
      sendError(req, res, refusal, fields ?? responseHeaders(head, route ? route.cors : gateway.cors));
    const { reason, detail } = refusal;
    const status = res.headersSent ? refusal.status : CLIENT_CLOSED_REQUEST;
    record(visit, denial, localOutcome(status, reason, detail));
  }

  /** True where a CORS section speaks for what the preflight asks about: not for what stands behind the gate. */
  function respondToPreflight(visit: RequestContext, method: string, hasNext: boolean): boolean {
    const { gateway, res, head } = visit;
    const found = isTokenEndpoint(visit) ? undefined : gateway.match({ ...head, method });
    if (found instanceof Refusal && (found.status === 400 || (hasNext && found.status === 404))) return false;
    const route = found instanceof Refusal ? undefined : found?.route;
    const cors = route ? route.cors : gateway.cors;
    if (cors === undefined) return false;
    res.writeHead(204, [...baseHeaders(head), ...preflightHeaders(cors, head, method)]).end();
    record(visit, { route, principal: undefined }, localOutcome(204));
    return true;
  }

  function record(
    visit: RequestContext,
    { route, principal }: Pick<Rejection, 'route' | 'principal'>,
    end: ExchangeOutcome,
    endpoint?: string,
  ): void {
    const { head, startedMs, parseError } = visit;
    visit.isRecorded = true;
    const { status, reason, detail } = parseError ? localOutcome(parseError.status, BROKEN_BODY) : end;
    const { target, upstreamMs } = end;
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

  function recover(
    req: IncomingMessage,
    res: ServerResponse,
    visit: RequestContext | undefined,
    error: unknown,
  ): void {
    log.error({ request_id: visit?.head.id, err: error }, 'a request failed inside the gate');
    if (res.headersSent) res.destroy();
    else sendError(req, res, INTERNAL_ERROR, visit ? baseHeaders(visit.head) : []);
    if (visit === undefined || visit.isRecorded) return;
    const { status, reason } = INTERNAL_ERROR;
    record(visit, { route: undefined, principal: undefined }, localOutcome(status, reason));
  }

  return { handle: answer, handleCrash: recover };
}
