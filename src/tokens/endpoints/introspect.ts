/** `POST /introspect`: whether a token is active, and its claims (RFC 7662). */
import { OAuthError } from '../oauth-error.js';
import { jsonAnswer, type Endpoint } from './endpoint.js';
import {
  belongsToOtherClient,
  type PresentedJwt,
  type PresentedRefreshToken,
  type ReadPresentedToken,
} from './presented-token.js';
import { scopeText } from './scope.js';

export interface IntrospectOptions {
  readonly issuer: string;
  readonly readShown: ReadPresentedToken;
}

/** RFC 7662 2.2: the response gives no reason. */
const INACTIVE = jsonAnswer({ active: false });

/** Creates `POST /introspect`. A token of another client is reported as inactive. */
export function createIntrospect({ issuer, readShown }: IntrospectOptions): Endpoint {
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
    method: 'POST',
    async answer(call) {
      const presented = await readShown(call, 'introspect');
      if (presented instanceof OAuthError) return presented;
      const { app, held } = presented;
      return held === undefined || belongsToOtherClient(held, app) ? INACTIVE : jsonAnswer(describe(held));
    },
  };
}
