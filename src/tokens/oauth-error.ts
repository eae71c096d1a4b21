/** A token endpoint's error response: a status and an RFC 6749 5.2 body. Endpoints return it; it is never thrown. */
import type { OAuthErrorCode } from '../model/reasons.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { EndpointResponse } from './endpoints/endpoint.js';

/** An error response of a token endpoint, with its body made once. */
export class OAuthError implements EndpointResponse {
  readonly fields: FlatHeaders;
  readonly body: string;

  /**
   * @param description what was wrong, as a fixed text that repeats nothing that a caller sent
   * @param fields further header fields, such as `WWW-Authenticate` or `Retry-After`
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

/** The response to a malformed request: `invalid_request`, 400 unless `status` is given. */
export function invalidRequest(description: string, status = 400, fields: FlatHeaders = []): OAuthError {
  return new OAuthError(status, 'invalid_request', description, fields);
}

/** One text for unknown ids and wrong secrets, so that it does not reveal which ids exist. */
const WRONG_CLIENT = 'The client is unknown or its secret is wrong';
const INVALID_CLIENT = new OAuthError(401, 'invalid_client', WRONG_CLIENT);
/** RFC 6749 5.2: the response to a client that used the Authorization field names the scheme. */
const INVALID_BASIC_CLIENT = new OAuthError(401, 'invalid_client', WRONG_CLIENT, [
  'WWW-Authenticate',
  'Basic realm="tollgate"',
]);

/** The response to wrong client credentials; with a challenge if they were in the Authorization field. */
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

/** The response during a cooldown after failed attempts. `retryAfterS` is in seconds, also below. */
export function tooManyFailures(retryAfterS: number): OAuthError {
  const fields = ['Retry-After', String(retryAfterS)];
  return new OAuthError(429, 'temporarily_unavailable', 'Too many failed attempts; try again later', fields);
}

/** The response to an app that has used up `tokens.revoke_limit`. */
export function tooManyRevocations(retryAfterS: number): OAuthError {
  const fields = ['Retry-After', String(retryAfterS)];
  return new OAuthError(429, 'temporarily_unavailable', 'Too many revocations; try again later', fields);
}

/** The response to an app or a user that has used up `tokens.issue_limit`. */
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
  'The token service is unavailable; try again later',
  ['Retry-After', '1'],
);
