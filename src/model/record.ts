/** One finished exchange, as the access log receives it. */
import type { Principal } from './principal.js';
import type { Refusal } from './refusal.js';
import type { RequestHead } from './request.js';
import type { Route } from './route.js';

/** What identifies an exchange. If the head was not read, `clientIp` is the peer's own address. */
export interface RecordedHead extends Pick<RequestHead, 'id' | 'clientRequestId' | 'clientIp'> {
  /** Undefined for bytes that are not a request. */
  readonly method: string | undefined;
  /** The request target as sent, with its query; undefined where nothing was read. */
  readonly target?: string | undefined;
  /** The Host field as sent; undefined where nothing was read. */
  readonly host?: string;
}

/** The recorded status when the client closes before a response, as in nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

export interface ExchangeRecord {
  readonly head: RecordedHead;
  readonly route: Route | undefined;
  /** The name of the token service's endpoint that responded; there is no route then. */
  readonly endpoint: string | undefined;
  readonly principal: Principal | undefined;
  /** The status sent to the caller, or CLIENT_CLOSED_REQUEST. */
  readonly status: number;
  /** A refusal's reason or a forwarding fault; undefined on success. */
  readonly reason: string | undefined;
  /** What exactly was wrong, as a fixed text. */
  readonly detail: string | undefined;
  /** What rules in shadow would have refused the request with, which was let through; undefined: nothing. */
  readonly shadow: Refusal | undefined;
  /** The origin that responded. */
  readonly target: string | undefined;
  /** From the request's head to the end of the response. */
  readonly durationMs: number;
  /** Until the upstream's response head. */
  readonly upstreamMs: number | undefined;
  /** The trace of its span; absent or undefined where no span is exported. */
  readonly traceId?: string | undefined;
}

/** The recorded reason where the body failed to parse after the head was accepted and perhaps forwarded. */
export const BROKEN_BODY = 'client_body_broken';

/** Receives one record for each exchange, when it is over. */
export type Observe = (record: ExchangeRecord) => void;
