/**
 * A refusal: a response that the gateway gives instead of the upstream.
 *
 * A pipeline step returns its finding or a refusal; only bugs throw. The body is `{"errors":[{"code":…,"message":…}]}`, unless
 * the client prefers problem details, and is made once for each kind, or for each route or limit that it names, not for each
 * request.
 */

import { asciiJson } from './json.js';

/** Alternating header names and values, like node:http's raw headers: `['Retry-After', '3', 'Allow', 'GET']`. */
export type FlatHeaders = readonly string[];

/** Every kind of refusal: its HTTP status, and the code and message in its body. */
const KINDS = {
  malformed_request: [400, 214, 'The request is malformed or ambiguous'],
  malformed_credentials: [400, 214, 'The Authorization header is not one Bearer token'],
  no_token: [401, 215, 'You must specify a Bearer token in the Authorization header to access this resource'],
  invalid_token: [401, 89, 'Invalid or expired token'],
  insufficient_scope: [403, 220, 'The token does not have the scope that this resource requires'],
  insufficient_claims: [403, 220, 'The claims of the token do not satisfy a condition of this resource'],
  no_route: [404, 34, 'No such resource'],
  method_not_allowed: [405, 405, 'Method not allowed'],
  request_timeout: [408, 408, 'The request did not arrive in time'],
  body_too_large: [413, 413, 'The request body is too large'],
  target_too_long: [414, 414, 'The request target is too long'],
  headers_too_large: [431, 431, 'The request headers are too large'],
  rate_limited: [429, 88, 'Rate limit exceeded'],
  internal_error: [500, 500, 'Internal error'],
  unknown_method: [501, 501, 'The request method is not implemented'],
  upstream_unreachable: [502, 502, 'The service behind this gateway could not be reached'],
  upstream_broken: [502, 502, 'The service behind this gateway gave a broken response'],
  overloaded: [503, 503, 'The service is overloaded; try again later'],
  no_healthy_target: [503, 503, 'The service behind this gateway is down; try again later'],
  limits_unavailable: [503, 503, 'The request could not be counted; try again later'],
  keys_unavailable: [503, 503, 'The token could not be checked; try again later'],
  revocations_unavailable: [503, 503, 'The token could not be checked; try again later'],
  upstream_timeout: [504, 504, 'The service behind this gateway did not respond in time'],
} as const satisfies Record<string, readonly [status: number, code: number, message: string]>;

/** The statuses whose message says what exactly was wrong: the caller can change it. */
const SHOWN: ReadonlySet<number> = new Set([400, 403, 429]);

/** The kind of a refusal, as the access log names it. */
export type RefusalReason = keyof typeof KINDS;

/** Every kind of refusal. */
export const REFUSAL_REASONS = Object.keys(KINDS) as readonly RefusalReason[];

/** Returns whether a recorded reason is a refusal's, rather than a fault after the response had begun. */
export function isRefusalReason(reason: string): reason is RefusalReason {
  return Object.hasOwn(KINDS, reason);
}

/** A refusal of one kind, with its status, headers and body. */
export class Refusal {
  readonly status: number;
  /** The whole JSON body. */
  readonly body: string;

  /**
   * @param reason which kind of refusal
   * @param headers further response fields, such as `WWW-Authenticate`, `Allow` or `Retry-After`
   * @param detail what exactly was wrong, for the message of a 400, 403 or 429 and for the log; fixed texts and texts of
   *   the file only, never a library's message or a part of a token
   * @param isShown whether the body includes the detail
   * @param body the body, where it was made before
   * @param violatedPolicies of a 429: the names of the exhausted limits, as in `RateLimit-Policy`
   */
  constructor(
    readonly reason: RefusalReason,
    readonly headers: FlatHeaders = [],
    readonly detail?: string,
    isShown = SHOWN.has(KINDS[reason][0]),
    body?: string,
    readonly violatedPolicies?: readonly string[],
  ) {
    this.status = KINDS[reason][0];
    this.body = body ?? bodyOf(reason, isShown ? detail : undefined);
  }

  /** Returns the same refusal with other header fields. Its body is not made again. */
  withHeaders(headers: FlatHeaders, violatedPolicies?: readonly string[]): Refusal {
    return new Refusal(this.reason, headers, this.detail, false, this.body, violatedPolicies);
  }

  /** The message in the body. It is read from there, since hardly any refusal needs it again. */
  get message(): string {
    const { errors } = JSON.parse(this.body) as { errors: [{ message: string }] };
    return errors[0].message;
  }
}

const bodies = new Map<RefusalReason, string>();

function bodyOf(reason: RefusalReason, detail: string | undefined): string {
  const [, code, message] = KINDS[reason];
  if (detail !== undefined) return render(code, `${message}: ${detail}`);
  let body = bodies.get(reason);
  if (body === undefined) bodies.set(reason, (body = render(code, message)));
  return body;
}

function render(code: number, message: string): string {
  return asciiJson({ errors: [{ code, message }] });
}
