/**
 * One exchange on its way between the edge and the stages: preflight? → token service? → admit (gateway.ts) → forward/
 * or a refusal. However it ends, it is told of once.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Gateway, TokenDesk } from '../gateway.js';
import type { Admission, Denial } from '../model/decision.js';
import type { Log } from '../model/log.js';
import { CLIENT_CLOSED_REQUEST, type ExchangeRecord, type Observe } from '../model/record.js';
import { Refusal, type FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors } from '../model/route.js';
import { refuse } from './answer.js';
import { removeIdentity } from './hand-over.js';
import { corsHeaders, preflightHeaders } from './cors.js';
import { endTogether } from './outbox.js';
import { parsedBody } from './parsed-body.js';
import type { Turn } from './turn.js';

/** Passes a request that no route names on to whatever stands behind the gate in the same application. */
export type Next = () => void;

export interface Visit extends Turn {
  readonly gateway: Gateway;
  readonly req: IncomingMessage;
  readonly head: RequestHead;
  readonly startedMs: number;
  /** Present where the request asks to become a WebSocket. */
  readonly tunnel: Tunnel | undefined;
  /** Whether the request is under the path where the gate is mounted. */
  readonly isMounted: boolean;
  /** Whether the exchange is over and was told of. */
  isTold: boolean;
}

export interface Tunnel {
  readonly socket: Socket;
  readonly firstBytes: Buffer;
  /** Called once, when the upstream has answered 101. */
  readonly opened: () => void;
}

export interface VisitOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly log: Log;
  /** Whether every answer closes its connection. */
  readonly isDraining: () => boolean;
  /** Whether a response says what the application around the gate has done wrong; by default it does not. */
  readonly explains?: boolean;
}

export interface Visits {
  /** Answers. With `next`, what no route names is passed on instead of refused with 404. */
  readonly answer: (visit: Visit, next: Next | undefined) => Promise<void>;
  /** A bug in the gate costs one request a 500; never the process, and never a hanging caller. */
  readonly recover: (
    req: IncomingMessage,
    res: ServerResponse,
    visit: Visit | undefined,
    error: unknown,
  ) => void;
}

/** How an exchange ended, beside what the visit and the decision already tell. */
type Ending = Pick<ExchangeRecord, 'status' | 'reason' | 'detail' | 'target' | 'upstreamMs'>;

/** The reason where the request had been taken for sound until then, and perhaps forwarded. */
const BROKEN_BODY = 'client_body_broken';

/** With a body, what follows the head could be read as that or as the new protocol. */
const NO_HANDSHAKE = new Refusal(
  'malformed_request',
  [],
  'a WebSocket handshake is an HTTP/1.1 GET without a body',
);

/** Of an exchange that ended at the gate. Spelled out, since a spread makes objects that V8 is slow with. */
function here(status: number, reason?: string, detail?: string): Ending {
  return { status, reason, detail, target: undefined, upstreamMs: undefined };
}

const BUG = new Refusal('internal_error');
const NOBODYS: Denial = { refusal: new Refusal('no_route'), route: undefined, principal: undefined };

export function createVisits({ now, observe, log, isDraining, explains = false }: VisitOptions): Visits {
  async function answer(visit: Visit, next: Next | undefined): Promise<void> {
    const { gateway, head } = visit;
    if (!visit.isMounted) {
      if (next) handOver(visit, next);
      else deny(visit, NOBODYS);
      return;
    }
    if (head.preflightMethod !== undefined && head.flaw === undefined) {
      if (answerPreflight(visit, head.preflightMethod, next !== undefined)) return;
    }
    if (visit.tunnel && !head.websocket) {
      deny(visit, { refusal: NO_HANDSHAKE, route: undefined, principal: undefined });
      return;
    }
    if (gateway.tokens && head.flaw === undefined && (await serveTokens(visit, gateway.tokens))) return;
    const decision = await gateway.admit(head);
    if ('refusal' in decision) {
      if (next && decision.refusal.reason === 'no_route') handOver(visit, next);
      else deny(visit, decision);
    } else {
      await pass(visit, decision);
    }
  }

  function handOver({ req }: Visit, next: Next): void {
    removeIdentity(req);
    next();
  }

  /** The token service's paths are never a route's, a catch-all's neither. */
  function isForTokens({ gateway: { tokens }, head }: Visit): boolean {
    return tokens?.service.owns(tokens.readPath(head) ?? '') ?? false;
  }

  /** True where the request is for the token service, or looks like one. */
  async function serveTokens(visit: Visit, { service, readPath, resembles }: TokenDesk): Promise<boolean> {
    const { gateway, req, res, head, tunnel } = visit;
    const path = readPath(head);
    if (path === undefined) return false;
    // The service has no WebSockets, and no upstream may get a handshake that was meant for it.
    if (tunnel || !service.owns(path)) {
      const isNobodys = service.owns(path) || resembles(path);
      if (isNobodys) deny(visit, NOBODYS);
      return isNobodys;
    }
    const { id: requestId, clientIp } = head;
    const headers = answerHeaders(head, gateway.cors);
    const { status, endpoint, reason } = await service.handle(req, res, {
      path,
      clientIp,
      requestId,
      headers,
    });
    finish(visit, { route: undefined, principal: undefined }, here(status, reason), endpoint);
    return true;
  }

  async function pass(visit: Visit, admission: Admission): Promise<void> {
    const { gateway, req, res, head, tunnel } = visit;
    const cors = admission.route.cors;
    const fields = answerHeaders(head, cors, admission.quota?.headers);
    const body = parsedBody(req, head, explains);
    if (body instanceof Refusal) {
      log.error({ request_id: head.id, route: admission.route.match }, body.detail ?? body.reason);
      deny(visit, { ...admission, refusal: body }, fields);
      return;
    }
    const exchange = { req, res, head, admission, answerHeaders: fields, parsedBody: body, end: endTogether };
    const result = tunnel
      ? await gateway.forwarder.tunnel({ ...exchange, ...tunnel })
      : await gateway.forwarder.forward(exchange);
    if (result instanceof Refusal) {
      deny(visit, { ...admission, refusal: result }, fields);
    } else {
      const { status, fault: reason, target, upstreamMs } = result;
      finish(visit, admission, { status, reason, detail: undefined, target, upstreamMs });
    }
  }

  function deny(visit: Visit, denial: Denial, fields?: FlatHeaders): void {
    const { gateway, req, res, head, broken } = visit;
    const { refusal, route } = denial;
    if (!broken) refuse(req, res, refusal, fields ?? answerHeaders(head, route ? route.cors : gateway.cors));
    const { reason, detail } = refusal;
    const status = res.headersSent ? refusal.status : CLIENT_CLOSED_REQUEST;
    finish(visit, denial, here(status, reason, detail));
  }

  /** True where a CORS section speaks for what the preflight asks about: not for what stands behind the gate. */
  function answerPreflight(visit: Visit, method: string, hasNext: boolean): boolean {
    const { gateway, res, head } = visit;
    const found = isForTokens(visit) ? undefined : gateway.match({ ...head, method });
    if (found instanceof Refusal && (found.status === 400 || (hasNext && found.status === 404))) return false;
    const route = found instanceof Refusal ? undefined : found?.route;
    const cors = route ? route.cors : gateway.cors;
    if (cors === undefined) return false;
    res.writeHead(204, [...common(head), ...preflightHeaders(cors, head, method)]).end();
    finish(visit, { route, principal: undefined }, here(204));
    return true;
  }

  function finish(
    visit: Visit,
    { route, principal }: Pick<Denial, 'route' | 'principal'>,
    end: Ending,
    endpoint?: string,
  ): void {
    const { head, startedMs, broken } = visit;
    visit.isTold = true;
    const { status, reason, detail } = broken ? here(broken.status, BROKEN_BODY) : end;
    const { target, upstreamMs } = end;
    const durationMs = now() - startedMs;
    observe({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs });
  }

  function answerHeaders(head: RequestHead, cors: Cors | undefined, quota: FlatHeaders = []): FlatHeaders {
    const fields = common(head);
    for (const text of quota) fields.push(text);
    for (const text of corsHeaders(cors, head.origin)) fields.push(text);
    return fields;
  }

  function common(head: RequestHead): string[] {
    return isDraining() ? ['X-Request-Id', head.id, 'Connection', 'close'] : ['X-Request-Id', head.id];
  }

  function recover(
    req: IncomingMessage,
    res: ServerResponse,
    visit: Visit | undefined,
    error: unknown,
  ): void {
    log.error({ request_id: visit?.head.id, err: error }, 'a request failed inside the gate');
    if (res.headersSent) res.destroy();
    else refuse(req, res, BUG, visit ? common(visit.head) : []);
    if (visit === undefined || visit.isTold) return;
    const { status, reason } = BUG;
    finish(visit, { route: undefined, principal: undefined }, here(status, reason));
  }

  return { answer, recover };
}
