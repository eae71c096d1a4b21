/** The reasons that the access log and the metrics name, besides those of refusals (`refusal.ts`). */

/** Why an exchange failed when it was too late for a refusal. */
export const FAULTS = [
  'client_gone',
  'client_stalled',
  'client_body_timeout',
  'client_body_too_large',
  'upstream_reset_in_body',
  'upstream_idle_in_body',
  'tunnel_idle',
  'tunnel_broken',
  /** The token was revoked during the exchange, or expired while a tunnel or event stream was open. */
  'token_ended',
  /** More WebSockets or event streams than `max_tunnels`. */
  'tunnels_full',
  /** An exception inside the gateway. */
  'internal_error',
] as const;

export type Fault = (typeof FAULTS)[number];

/** The codes of the token service's error responses. */
export const OAUTH_ERROR_CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unsupported_grant_type',
  /** RFC 6750 3.1 */
  'invalid_token',
  /** RFC 6749 4.1.2.1: the two codes that fit a 429, a 503 and a bug. */
  'temporarily_unavailable',
  'server_error',
] as const;

export type OAuthErrorCode = (typeof OAUTH_ERROR_CODES)[number];
