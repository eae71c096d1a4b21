/** A token endpoint's refusal: a status and an RFC 6749 5.2 body. A value that endpoints answer with, never thrown. */
import type { FlatHeaders } from '../model/refusal.js';
import type { EndpointResponse } from './endpoints/endpoint.js';

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  /** RFC 6750 3.1 */
  | 'invalid_token'
  /** Of the codes of RFC 6749 4.1.2.1 the two that fit a 429, a 503 and a bug. */
  | 'temporarily_unavailable'
  | 'server_error';

export class OAuthError implements EndpointResponse {
  readonly fields: FlatHeaders;
  readonly body: string;

  /**
   * @param description what exactly was wrong, in fixed words: nothing that a caller sent comes back
   * @param fields further fields of the answer, such as `WWW-Authenticate` or `Retry-After`
   */
  constructor(
    readonly status: number,
    readonly reason: OAuthErrorCode,
    description: string,
    fields: FlatHeaders = [],
  ) {
    this.fields = ['Content-Type', 'application/json', ...fields];
    this.body = JSON.stringify({ error: reason, error_description: description });
  }
}

export function invalidRequest(description: string, status = 400, fields: FlatHeaders = []): OAuthError {
  return new OAuthError(status, 'invalid_request', description, fields);
}

/** One text for unknown ids and wrong secrets, so that nobody learns which ids there are. */
const WRONG_CLIENT = 'The client is unknown or its secret is wrong';
const INVALID_CLIENT = new OAuthError(401, 'invalid_client', WRONG_CLIENT);
/** RFC 6749 5.2: a client that used the Authorization field is told the scheme. */
const INVALID_BASIC_CLIENT = new OAuthError(401, 'invalid_client', WRONG_CLIENT, [
  'WWW-Authenticate',
  'Basic realm="tollgate"',
]);

export function invalidClient(usedAuthorization: boolean): OAuthError {
  return usedAuthorization ? INVALID_BASIC_CLIENT : INVALID_CLIENT;
}

export const INVALID_LOGIN = new OAuthError(
  400,
  'invalid_grant',
  'The user is unknown or the password is wrong',
);
export const INVALID_REFRESH_TOKEN = new OAuthError(
  400,
  'invalid_grant',
  'The refresh token is unknown, has ended, or was used before',
);
export const INVALID_SCOPE = new OAuthError(
  400,
  'invalid_scope',
  'The scope is malformed or exceeds what was granted',
);

export function tooManyFailures(retryAfterS: number): OAuthError {
  const fields = ['Retry-After', String(retryAfterS)];
  return new OAuthError(429, 'temporarily_unavailable', 'Too many failed attempts; try again later', fields);
}

/** An app has used up `tokens.revoke_limit`. */
export function tooManyRevocations(retryAfterS: number): OAuthError {
  const fields = ['Retry-After', String(retryAfterS)];
  return new OAuthError(429, 'temporarily_unavailable', 'Too many revocations; try again later', fields);
}

/** An app, or a user, has used up `tokens.issue_limit`. */
export function tooManyTokens(retryAfterS: number): OAuthError {
  const fields = ['Retry-After', String(retryAfterS)];
  return new OAuthError(429, 'temporarily_unavailable', 'Too many tokens issued; try again later', fields);
}

export const BUSY = new OAuthError(503, 'temporarily_unavailable', 'Too many logins at once; try again', [
  'Retry-After',
  '1',
]);
export const UNAVAILABLE = new OAuthError(
  503,
  'temporarily_unavailable',
  'The token service cannot answer now; try again later',
  ['Retry-After', '1'],
);
