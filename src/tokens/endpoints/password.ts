/** `POST /token`: issues an access token and a refresh token for a user's name and password, or for a refresh token. */
import type { Log } from '../../model/log.js';
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import { Throttled, type FailedAttempts } from '../failed-attempts.js';
import { BUSY, INVALID_LOGIN, invalidRequest, OAuthError, tooManyFailures } from '../oauth-error.js';
import type { Secrets } from '../deps.js';
import type { Registry } from '../registry/registry.js';
import { createUserLogin, LOGIN_ENDPOINT } from '../user-login.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import { logFailure, type NameClient } from './app.js';
import { jsonResponse, type EndpointResponse, type Call, type Endpoint } from './endpoint.js';
import type { Sessions, UserTokens } from './sessions.js';

export interface PasswordOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly attempts: FailedAttempts;
  readonly sessions: Sessions;
  readonly nameClient: NameClient;
  readonly log: Log;
}

const SOURCES: ParameterSources = { body: ['application/json'] };
const INCOMPLETE = invalidRequest('Either username and password or refresh_token must be given');
const BOTH = invalidRequest('A refresh_token is given beside a username or a password');

/** Creates `POST /token`. */
export function createPassword(options: PasswordOptions): Endpoint {
  const { sessions } = options;
  const endpoint = LOGIN_ENDPOINT;
  const verify = createUserLogin(options);

  async function login(username: string, password: string, call: Call): Promise<EndpointResponse> {
    const { clientIp: address, res } = call;
    const user = await verify(username, password, { address, isWanted: () => !res.destroyed });
    if (user instanceof Throttled) return tooManyFailures(user.retryAfterS);
    if (user === undefined) {
      logFailure(options, { endpoint, id: username, address }, call.requestId);
      return INVALID_LOGIN;
    }
    if (user === 'busy') return BUSY;
    const tokens = await sessions.open(user);
    return tokens instanceof OAuthError ? tokens : tokenResponse(tokens);
  }

  return {
    name: endpoint,
    method: ENDPOINT_METHODS.password,
    async respond(call) {
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const username = parameters.one('username');
      const password = parameters.one('password');
      const refreshToken = parameters.one('refresh_token');
      if (refreshToken === undefined) {
        if (username === undefined || password === undefined) return INCOMPLETE;
        return login(username, password, call);
      }
      if (username !== undefined || password !== undefined) return BOTH;
      const tokens = await sessions.refresh({
        refreshToken,
        scope: undefined,
        endpoint,
        call,
      });
      return tokens instanceof OAuthError ? tokens : tokenResponse(tokens);
    },
  };
}

function tokenResponse({ token, refreshToken, expiresInS }: UserTokens): EndpointResponse {
  return jsonResponse({ token, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresInS });
}
