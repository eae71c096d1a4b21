/** `GET /token/whoami`: returns the claims of the caller's own token. */
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import { invalidRequest, OAuthError, UNAVAILABLE } from '../oauth-error.js';
import type { VerifyBearer } from '../deps.js';
import { jsonResponse, type Endpoint } from './endpoint.js';

const REALM = 'Bearer realm="tollgate"';

/** RFC 6750 3.1: without a token, the challenge has no error code. */
const NO_TOKEN = new OAuthError(401, 'invalid_token', 'A Bearer token must be in the Authorization header', [
  'WWW-Authenticate',
  REALM,
]);
const INVALID = new OAuthError(401, 'invalid_token', 'The token is invalid or has expired', [
  'WWW-Authenticate',
  `${REALM}, error="invalid_token", error_description="The token is invalid or has expired"`,
]);
const MALFORMED = invalidRequest('The Authorization header is not one Bearer token', 400, [
  'WWW-Authenticate',
  `${REALM}, error="invalid_request"`,
]);

/** Creates `GET /token/whoami`. It responds 503 if the token cannot be verified now. */
export function createWhoami(verify: VerifyBearer): Endpoint {
  return {
    name: 'whoami',
    method: ENDPOINT_METHODS.whoami,
    async respond({ req }) {
      const found = await verify(req.headers.authorization);
      if (found === 'none') return NO_TOKEN;
      if (found === 'invalid') return INVALID;
      if (found === 'malformed') return MALFORMED;
      if (found === 'unavailable') return UNAVAILABLE;
      return jsonResponse(found.claims);
    },
  };
}
