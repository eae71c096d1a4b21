/** A request's head, read once: what the pipeline needs, and what the upstream receives. */
import type { Socket } from 'node:net';
import type { FlatHeaders, Refusal } from './refusal.js';

export interface RequestHead {
  /** `X-Request-Id` of this exchange: a trusted peer's, else a new one. */
  readonly id: string;
  /** The `X-Request-Id` that an untrusted client sent; for the log only. */
  readonly clientRequestId: string | undefined;
  readonly method: string;
  /** The request target as sent: `/a/b?c=d`. */
  readonly target: string;
  /** The Host field as sent. */
  readonly host: string;
  readonly rawHeaders: FlatHeaders;
  /** The Authorization field as sent. */
  readonly authorization: string | undefined;
  /** The connection of the request; undefined for a synthetic request. */
  readonly socket: Socket | undefined;
  /** The Origin field as sent. */
  readonly origin: string | undefined;
  /** The Access-Control-Request-Method of a preflight: an OPTIONS that also has an Origin. */
  readonly preflightMethod: string | undefined;
  readonly body: 'none' | 'sized' | 'chunked';
  /** Content-Length in bytes where `body` is `sized`; else 0. */
  readonly contentLength: number;
  /** Whether the caller waits for `100 Continue` before it sends the body (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean;
  /** Whether the request asks to become a WebSocket (RFC 6455 4.1): `Upgrade: websocket`, nominated by Connection. */
  readonly websocket: boolean;
  /** The caller's address: the rightmost in the forwarding chain that is not a trusted proxy's. */
  readonly clientIp: string;
  /** The forwarding fields that the upstream gets, after the rules for trusted and untrusted peers. */
  readonly forwardedFor: string;
  readonly forwardedProto: string;
  readonly forwardedHost: string;
  /** A trusted peer's Forwarded field with the gateway's own element appended (RFC 7239); undefined where there is none. */
  readonly forwarded: string | undefined;
  /** Whether the peer is a trusted proxy; its other forwarding fields are passed on unchanged. */
  readonly viaTrustedProxy: boolean;
  /** Why the head is invalid; the request is refused with it before anything else is checked. */
  readonly headError: Refusal | undefined;
}
