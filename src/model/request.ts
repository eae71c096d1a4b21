/** A request's head, read once: what the stages of the way need to know of it, and what the upstream will be told. */
import type { Socket } from 'node:net';
import type { FlatHeaders, Refusal } from './refusal.js';

export interface RequestHead {
  /** `X-Request-Id` of this exchange: a trusted peer's, else a new one. */
  readonly id: string;
  /** The `X-Request-Id` that a stranger sent; for the log only. */
  readonly clientRequestId: string | undefined;
  readonly method: string;
  /** The request target as sent: `/a/b?c=d`. */
  readonly target: string;
  /** The Host field as sent. */
  readonly host: string;
  readonly rawHeaders: FlatHeaders;
  /** The Authorization field as sent. */
  readonly authorization: string | undefined;
  /** The connection that it came on; undefined where a request is made up. */
  readonly socket: Socket | undefined;
  /** The Origin field as sent. */
  readonly origin: string | undefined;
  /** What a preflight asks for: the Access-Control-Request-Method of an OPTIONS that also has an Origin. */
  readonly preflightMethod: string | undefined;
  readonly body: 'none' | 'sized' | 'chunked';
  /** Content-Length, where `body` is `sized`; else 0. */
  readonly contentLength: number;
  /** Whether the caller waits for `100 Continue` before it sends the body (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean;
  /** Whether the request asks to become a WebSocket (RFC 6455 4.1): `Upgrade: websocket`, nominated by Connection. */
  readonly websocket: boolean;
  /** The caller's address: the rightmost of the forwarding chain that no trusted proxy stands behind. */
  readonly clientIp: string;
  /** The forwarding fields that the upstream gets, after the rules for trusted and untrusted peers. */
  readonly forwardedFor: string;
  readonly forwardedProto: string;
  readonly forwardedHost: string;
  /** A trusted peer's Forwarded field with the gate's own element behind it (RFC 7239); undefined where there is none. */
  readonly forwarded: string | undefined;
  /** Whether the peer is a trusted proxy, whose other forwarding fields pass as they came. */
  readonly viaTrustedProxy: boolean;
  /** What is wrong with the head; the request is refused with it before anything else is looked at. */
  readonly headError: Refusal | undefined;
}
