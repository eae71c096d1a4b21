/** `POST /introspect`: whether a token is active, and its claims (RFC 7662). */
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import { OAuthError } from '../oauth-error.js';
import { jsonResponse, type Endpoint } from './endpoint.js';
import {
  belongsToOtherClient,
  type PresentedJwt,
  type PresentedRefreshToken,
  type ReadPresentedToken,
} from './presented-token.js';
import { scopeText } from './scope.js';

export interface IntrospectOptions {
  readonly issuer: string;
  readonly readPresentedToken: ReadPresentedToken;
}

/** RFC 7662 2.2: the response gives no reason. */
const INACTIVE = jsonResponse({ active: false });

/** Creates `POST /introspect`. A token of another client is reported as inactive. */
export function createIntrospect({ issuer, readPresentedToken }: IntrospectOptions): Endpoint {
  function describe(token: PresentedJwt | PresentedRefreshToken): object {
    if (token.kind === 'refresh') {
      const { user, scopes, endsAtMs } = token.family;
      const exp = Math.floor(endsAtMs / 1000);
      return { active: true, iss: issuer, sub: user, username: user, scope: scopeText(scopes), exp };
    }
    const { claims, clientId, scopes } = token;
    const { iss, sub, aud, jti, iat, nbf, exp } = claims;
    return {
      active: true,
      token_type: 'Bearer',
      ...{ iss, sub, aud, jti, iat, nbf, exp },
      scope: scopeText(scopes),
      client_id: clientId,
      username: clientId === undefined ? sub : undefined,
    };
  }

  return {
    name: 'introspect',
    method: ENDPOINT_METHODS.introspect,
    async respond(call) {
      const presented = await readPresentedToken(call, 'introspect');
      if (presented instanceof OAuthError) return presented;
      const { app, token } = presented;
      if (token === undefined || belongsToOtherClient(token, app)) return INACTIVE;
      return jsonResponse(describe(token));
    },
  };
}
