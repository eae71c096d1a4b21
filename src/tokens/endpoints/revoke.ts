/** `POST /revoke`: an app revokes a token (RFC 7009). */
import type { Audit } from '../../model/audit.js';
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import type { AppLimit } from '../app-limit.js';
import { invalidRequest, OAuthError, tooManyRevocations, UNAVAILABLE } from '../oauth-error.js';
import type { TokenRevocations } from '../deps.js';
import { tokenRevocation } from '../revoked.js';
import type { EndFamily } from './end-family.js';
import type { EndpointResponse, Endpoint } from './endpoint.js';
import {
  belongsToOtherClient,
  type PresentedJwt,
  type PresentedRefreshToken,
  type ReadPresentedToken,
} from './presented-token.js';

export interface RevokeOptions {
  readonly revocations: TokenRevocations;
  readonly endFamily: EndFamily;
  readonly revokeLimit: AppLimit;
  readonly readPresentedToken: ReadPresentedToken;
  readonly audit: Audit;
  readonly now: () => number;
}

const OTHER_CLIENT = invalidRequest('The token belongs to another client');
const DONE: EndpointResponse = { status: 200, fields: [], body: '' };

/** Creates `POST /revoke`. It responds 503 if the revocation could not be recorded. */
export function createRevoke(options: RevokeOptions): Endpoint {
  const { revocations, endFamily, revokeLimit, readPresentedToken, audit, now } = options;

  /** RFC 7009 2.1: revoking a refresh token also revokes all access tokens that descend from its login. */
  function revokeToken(token: PresentedJwt | PresentedRefreshToken): Promise<'done' | 'unavailable'> {
    if (token.kind === 'refresh') return endFamily(token.family);
    const { issuer, jti, exp } = token;
    return revocations.revoke(tokenRevocation({ issuer, jti, expS: exp }, now()));
  }

  return {
    name: 'revoke',
    method: ENDPOINT_METHODS.revoke,
    async respond(call) {
      const presented = await readPresentedToken(call, 'revoke');
      if (presented instanceof OAuthError) return presented;
      const { app, token } = presented;
      // RFC 7009 2.2: the response to an invalid token is the same as to a revoked one.
      if (token === undefined) return DONE;
      if (belongsToOtherClient(token, app)) return OTHER_CLIENT;
      const retryAfterS = await revokeLimit.consume(app.key);
      if (retryAfterS !== undefined) return tooManyRevocations(retryAfterS);
      if ((await revokeToken(token)) === 'unavailable') return UNAVAILABLE;
      const audited = token.kind === 'jwt' ? token.jti : `refresh tokens of ${token.family.user}`;
      const from = { client_ip: call.clientIp, request_id: call.requestId };
      audit({ action: 'token_revoked', by: 'app', actor: app.key, ...from, token: audited });
      return DONE;
    },
  };
}
