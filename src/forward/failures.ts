/** The refusals for failures before the response head, and what an error says about the target; for all of forward/. */
import { Refusal } from '../model/refusal.js';
import { CONNECT_TIMEOUT } from './connect.js';

const CONNECT_TIMED_OUT = new Refusal('upstream_timeout', [], 'no connection in time');
const REFUSED = new Refusal('upstream_unreachable', [], 'no connection');
const LOST = new Refusal('upstream_unreachable', [], 'the connection was lost before a response');
export const UNSENDABLE = new Refusal('internal_error', [], 'the request could not be written');
/** An exception in the gateway's own code. */
export const BUG = new Refusal('internal_error');

/** undici's code, although the gateway's own timer detects the timeout. */
export const HEAD_TIMEOUT = 'UND_ERR_HEADERS_TIMEOUT';
export const HEAD_TIMED_OUT = new Refusal('upstream_timeout', [], 'no response in time');
const BROKEN = new Refusal('upstream_broken');
export const BODY_TOO_LARGE = new Refusal('body_too_large');
export const BODY_TIMED_OUT = new Refusal('request_timeout', [], 'the body stopped');
export const QUEUE_FULL = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'the queue of the upstream is full',
);
/** For WebSockets and event streams. */
export const TUNNELS_FULL = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'as many WebSockets and event streams are open as max_tunnels allows',
);
export const REVOKED = new Refusal(
  'invalid_token',
  ['WWW-Authenticate', 'Bearer realm="tollgate", error="invalid_token"'],
  'revoked while the request was in progress',
);
export const QUEUE_TIMED_OUT = new Refusal('overloaded', ['Retry-After', '1'], 'no free connection in time');

/** Makes the refusal for an upstream whose targets are all down or have open circuit breakers. */
export function noTarget(waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Refusal('no_healthy_target', ['Retry-After', String(seconds)]);
}

export const SWITCHED_UNASKED = new Refusal('upstream_broken', [], 'an unrequested change of protocol');
export const UNKNOWN_CODING = new Refusal('upstream_broken', [], 'a transfer coding other than chunked');

/** The codes, of the system or undici, of a connection that was lost. */
export const LOST_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const INVALID_CODES = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);

/**
 * Returns the refusal for an error code.
 *
 * @param responseBegan whether a byte of the response had come: then the response is broken, not the connection
 */
export function refusalFor(code: string, responseBegan: boolean): Refusal {
  if (INVALID_CODES.has(code)) return UNSENDABLE;
  if (responseBegan || code.startsWith('HPE_')) return BROKEN;
  if (code === CONNECT_TIMEOUT) return CONNECT_TIMED_OUT;
  return LOST_CODES.has(code) ? LOST : REFUSED;
}

/** Whether an error counts as the target's failure. An invalid request does not: undici would send it to no target. */
export function isTargetsFault(code: string): boolean {
  return !INVALID_CODES.has(code);
}

/** Whether a proxy sends this status in place of a service. To callers the target does not work then. */
export function isGatewayError(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** Returns an error's description, if it has one. A TLS error's `reason` omits the name of the failed function. */
export function problemOf(error: Error): string | undefined {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  return error.message === '' || error.message === codeOf(error) ? undefined : error.message;
}

/** Returns an error's code, or an empty string where it has none. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
