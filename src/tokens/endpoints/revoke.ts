/** `POST /revoke`: an app ends a token before its time (RFC 7009). */
import type { Audit } from '../../model/audit.js';
import type { AppLimit } from '../app-limit.js';
import { invalidRequest, OAuthError, tooManyRevocations, UNAVAILABLE } from '../oauth-error.js';
import type { Revocations } from '../deps.js';
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
  readonly revocations: Revocations;
  readonly endFamily: EndFamily;
  readonly revokeLimit: AppLimit;
  readonly readShown: ReadPresentedToken;
  readonly audit: Audit;
  readonly now: () => number;
}

const NOT_YOURS = invalidRequest('The token belongs to another client');
const DONE: EndpointResponse = { status: 200, fields: [], body: '' };

export function createRevoke(options: RevokeOptions): Endpoint {
  const { revocations, endFamily, revokeLimit, readShown, audit, now } = options;

  /** RFC 7009 2.1: with a refresh token all access tokens that descend from its login end. */
  function end(held: PresentedJwt | PresentedRefreshToken): Promise<'done' | 'unavailable'> {
    if (held.kind === 'refresh') return endFamily(held.family);
    const { issuer, jti, exp } = held;
    return revocations.revoke(tokenRevocation({ issuer, jti, expS: exp }, now()));
  }

  return {
    name: 'revoke',
    method: 'POST',
    async answer(call) {
      const shown = await readShown(call, 'revoke');
      if (shown instanceof OAuthError) return shown;
      const { app, held } = shown;
      // RFC 7009 2.2: what is no token, or no more, is as good as revoked.
      if (held === undefined) return DONE;
      if (belongsToOtherClient(held, app)) return NOT_YOURS;
      const retryAfterS = await revokeLimit.take(app.key);
      if (retryAfterS !== undefined) return tooManyRevocations(retryAfterS);
      if ((await end(held)) === 'unavailable') return UNAVAILABLE;
      const token = held.kind === 'jwt' ? held.jti : `refresh tokens of ${held.family.user}`;
      const from = { client_ip: call.clientIp, request_id: call.requestId };
      audit({ action: 'token_revoked', by: 'app', actor: app.key, ...from, token });
      return DONE;
    },
  };
}
