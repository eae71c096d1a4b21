/** One finished exchange, as the access log and the metrics are told of it. */
import type { Principal } from './principal.js';
import type { RequestHead } from './request.js';
import type { Route } from './route.js';

/** What an exchange is known by. Of one that was answered unread, `clientIp` is the peer's own address. */
export interface RecordedHead extends Pick<RequestHead, 'id' | 'clientRequestId' | 'clientIp'> {
  /** Undefined for bytes that are no request. */
  readonly method: string | undefined;
  /** The request target as sent, query and all; undefined where nothing was read. */
  readonly target?: string | undefined;
}

/** The status on record for a caller who left before an answer, as nginx has it. */
export const CLIENT_CLOSED_REQUEST = 499;

export interface ExchangeRecord {
  readonly head: RecordedHead;
  readonly route: Route | undefined;
  /** The name of the token service's endpoint that answered, in place of a route. */
  readonly endpoint: string | undefined;
  readonly principal: Principal | undefined;
  /** The status that the caller was sent, or CLIENT_CLOSED_REQUEST. */
  readonly status: number;
  /** A refusal's reason or a forwarding fault; undefined where all went well. */
  readonly reason: string | undefined;
  /** What exactly was wrong, in fixed words. */
  readonly detail: string | undefined;
  /** The origin that answered. */
  readonly target: string | undefined;
  /** From the request's head to the end of the answer. */
  readonly durationMs: number;
  /** Until the upstream's response head. */
  readonly upstreamMs: number | undefined;
}

/** Told of every exchange once, when it is over: whatever was answered, there is one record of it. */
export type Observe = (record: ExchangeRecord) => void;
