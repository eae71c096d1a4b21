/** `POST /introspect`: whether a token is good, and what it says (RFC 7662). */
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

/** RFC 7662 2.2: nothing is said of why. */
const INACTIVE = jsonAnswer({ active: false });

export function createIntrospect({ issuer, readShown }: IntrospectOptions): Endpoint {
  function describe(held: PresentedJwt | PresentedRefreshToken): object {
    if (held.kind === 'refresh') {
      const { user, scopes, endsAtMs } = held.family;
      const exp = Math.floor(endsAtMs / 1000);
      return { active: true, iss: issuer, sub: user, username: user, scope: scopeText(scopes), exp };
    }
    const { claims, clientId, scopes } = held;
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
      const shown = await readShown(call, 'introspect');
      if (shown instanceof OAuthError) return shown;
      const { app, held } = shown;
      return held === undefined || belongsToOtherClient(held, app) ? INACTIVE : jsonAnswer(describe(held));
    },
  };
}
