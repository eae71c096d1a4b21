/** `POST /connect/token`: the OAuth 2.0 token endpoint, for client credentials (RFC 6749 4.4) and refreshes (6). */
import type { TokenEndpoints } from '../../model/tokens.js';
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import { secondsOf } from '../claims.js';
import { invalidRequest, OAuthError, tooManyTokens } from '../oauth-error.js';
import { readCredentials, requireCredentials } from '../request/credentials.js';
import { readParameters, type ParameterSources, type Parameters } from '../request/parameters.js';
import { jsonResponse, type EndpointResponse, type Call, type Endpoint } from './endpoint.js';
import type { AppTokenOptions } from './key-secret.js';
import { narrowScope, scopeText } from './scope.js';
import type { Sessions } from './sessions.js';

export interface OAuthTokenOptions extends AppTokenOptions {
  /** Undefined if there is no endpoint for users, and so nothing to refresh. */
  readonly sessions: Sessions | undefined;
}

const SOURCES: ParameterSources = { body: ['application/x-www-form-urlencoded'] };

const NO_GRANT_TYPE = invalidRequest('The grant_type is missing');
const NO_REFRESH_TOKEN = invalidRequest('The refresh_token is missing');
const UNSUPPORTED = new OAuthError(400, 'unsupported_grant_type', 'This grant_type is not supported here');

/** Creates `POST /connect/token`. Refreshes are supported if there are sessions. */
export function createOAuthToken(
  { lifetimeMs }: NonNullable<TokenEndpoints['clientCredentials']>,
  { apps, claims, signer, issueLimit, recordAppUse, sessions }: OAuthTokenOptions,
): Endpoint {
  const name = 'client_credentials';

  async function grantToApp(call: Call, parameters: Parameters): Promise<EndpointResponse> {
    const credentials = requireCredentials(call.req.headers.authorization, parameters);
    if (credentials instanceof OAuthError) return credentials;
    const app = await apps.byCredentials(credentials, name, call);
    if (app instanceof OAuthError) return app;
    const scopes = narrowScope(parameters.one('scope'), app.scopes);
    if (scopes instanceof OAuthError) return scopes;
    const retryAfterS = await issueLimit.consume(app.key);
    if (retryAfterS !== undefined) return tooManyTokens(retryAfterS);
    recordAppUse(app.key);
    return jsonResponse({
      access_token: await signer.sign(claims.forApp(app, scopes, lifetimeMs), app.key),
      expires_in: secondsOf(lifetimeMs),
      token_type: 'Bearer',
      scope: scopeText(scopes),
    });
  }

  /** Users log in without a client, so a refresh needs none. Client credentials that are sent must still be right. */
  async function refresh(users: Sessions, call: Call, parameters: Parameters): Promise<EndpointResponse> {
    const credentials = readCredentials(call.req.headers.authorization, parameters);
    if (credentials instanceof OAuthError) return credentials;
    const refreshToken = parameters.one('refresh_token');
    if (refreshToken === undefined) return NO_REFRESH_TOKEN;
    const app = credentials && (await apps.byCredentials(credentials, name, call));
    if (app instanceof OAuthError) return app;
    const tokens = await users.refresh({
      refreshToken,
      scope: parameters.one('scope'),
      endpoint: name,
      call,
    });
    if (tokens instanceof OAuthError) return tokens;
    return jsonResponse({
      access_token: tokens.token,
      expires_in: tokens.expiresInS,
      token_type: 'Bearer',
      scope: scopeText(tokens.scopes),
      refresh_token: tokens.refreshToken,
    });
  }

  return {
    name,
    method: ENDPOINT_METHODS.clientCredentials,
    async respond(call) {
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const grantType = parameters.one('grant_type');
      if (grantType === undefined) return NO_GRANT_TYPE;
      if (grantType === 'client_credentials') return grantToApp(call, parameters);
      if (grantType === 'refresh_token' && sessions) return refresh(sessions, call, parameters);
      return UNSUPPORTED;
    },
  };
}
