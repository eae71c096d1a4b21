/** What a failure before the answer's head means: which refusal it becomes, and where the request may be sent again. */
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import { CONNECT_TIMEOUT } from './connect.js';

const CONNECT_TIMED_OUT = new Refusal('upstream_timeout', [], 'no connection in time');
const REFUSED = new Refusal('upstream_unreachable', [], 'no connection');
const LOST = new Refusal('upstream_unreachable', [], 'the connection was lost before an answer');
export const UNSENDABLE = new Refusal('internal_error', [], 'the request could not be written');
/** An exception in the gate's own code. */
export const BUG = new Refusal('internal_error');

/** As undici names it, though the gate's own timer finds it. */
export const HEAD_TIMEOUT = 'UND_ERR_HEADERS_TIMEOUT';
export const HEAD_TIMED_OUT = new Refusal('upstream_timeout', [], 'no answer in time');
const BROKEN = new Refusal('upstream_broken');
export const BODY_TOO_LARGE = new Refusal('body_too_large');
export const BODY_TIMED_OUT = new Refusal('request_timeout', [], 'the body stopped');
export const QUEUE_FULL = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'the queue of the upstream is full',
);
/** Of WebSockets and event streams. */
export const TUNNELS_FULL = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'as many WebSockets and event streams are open as max_tunnels allows',
);
export const REVOKED = new Refusal(
  'invalid_token',
  ['WWW-Authenticate', 'Bearer realm="tollgate", error="invalid_token"'],
  'revoked while the request was under way',
);
export const QUEUE_TIMED_OUT = new Refusal('overloaded', ['Retry-After', '1'], 'no free connection in time');

/** All targets are down, or their circuit breakers are open. */
export function noTarget(waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Refusal('no_healthy_target', ['Retry-After', String(seconds)]);
}

export const SWITCHED_UNASKED = new Refusal(
  'upstream_broken',
  [],
  'a change of protocol that nobody asked for',
);
export const UNKNOWN_CODING = new Refusal('upstream_broken', [], 'a transfer coding other than chunked');

/** Errors of a connection, as the system or undici name them, after which the same target may have the request again. */
const LOST_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const INVALID_CODES = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
/** RFC 9110 9.2.1. TRACE, the fourth, never comes this far. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @param answerBegan whether a byte of an answer had come: what breaks then is the answer, not the connection */
export function refusalFor(code: string, answerBegan: boolean): Refusal {
  if (INVALID_CODES.has(code)) return UNSENDABLE;
  if (answerBegan || code.startsWith('HPE_')) return BROKEN;
  if (code === CONNECT_TIMEOUT) return CONNECT_TIMED_OUT;
  return LOST_CODES.has(code) ? LOST : REFUSED;
}

/**
 * Whether and where a request may be sent again. RFC 9110 9.2.2: once a byte of it was sent only what is safe and has no
 * body, never a POST; before that any request. To the same target only where the connection was lost or refused, since
 * the next one may hold; elsewhere also where there was none in time, or no response. Not where undici could not read
 * what came.
 *
 * @param wasSent whether a byte of the request may have been sent
 */
export function resendAfter(
  { method, body }: RequestHead,
  code: string,
  wasSent: boolean,
): 'anywhere' | 'elsewhere' | 'nowhere' {
  if (wasSent && (!SAFE_METHODS.has(method) || body !== 'none')) return 'nowhere';
  if (code === 'ECONNREFUSED' || LOST_CODES.has(code)) return 'anywhere';
  return isTargetsFault(code) && !code.startsWith('HPE_') ? 'elsewhere' : 'nowhere';
}

/** Not so where undici would not write the request: another target would not get it either. */
export function isTargetsFault(code: string): boolean {
  return !INVALID_CODES.has(code);
}

/** What a proxy answers in place of a service: to callers, the target does not work. */
export function isGatewayError(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** What an error says of itself; a TLS error's `reason` is the part of it without the name of the function that failed. */
export function problemOf(error: Error): string | undefined {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  return error.message === '' || error.message === codeOf(error) ? undefined : error.message;
}

export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
