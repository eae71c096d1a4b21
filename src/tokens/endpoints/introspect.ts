/** `POST /introspect`: whether a token is good, and what it says (RFC 7662). */
import { invalidRequest, OAuthError } from '../oauth-error.js';
import { requireCredentials } from '../request/credentials.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import type { Apps } from './app.js';
import { jsonAnswer, type Endpoint } from './endpoint.js';
import { isAnothers, type FindHeldToken, type HeldJwt, type HeldRefreshToken } from './held-token.js';
import { scopeText } from './scope.js';

export interface IntrospectOptions {
  readonly issuer: string;
  readonly apps: Apps;
  readonly findHeldToken: FindHeldToken;
}

const SOURCES: ParameterSources = { body: ['application/x-www-form-urlencoded'] };
const NO_TOKEN = invalidRequest('The token is missing');
/** RFC 7662 2.2: nothing is said of why. */
const INACTIVE = jsonAnswer({ active: false });

export function createIntrospect({ issuer, apps, findHeldToken }: IntrospectOptions): Endpoint {
  function describe(held: HeldJwt | HeldRefreshToken): object {
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
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const credentials = requireCredentials(call.req.headers.authorization, parameters);
      if (credentials instanceof OAuthError) return credentials;
      const token = parameters.one('token');
      if (token === undefined) return NO_TOKEN;
      const app = await apps.byCredentials(credentials, 'introspect', call.clientIp);
      if (app instanceof OAuthError) return app;
      const held = await findHeldToken(token);
      return held === undefined || isAnothers(held, app) ? INACTIVE : jsonAnswer(describe(held));
    },
  };
}
