/** `POST /auth/token`: a token for an app's key and secret, in the query or in a body. */
import type { TokenEndpoints } from '../../model/tokens.js';
import { ENDPOINT_METHODS } from '../../model/token-paths.js';
import { secondsOf, type ClaimsMaker } from '../claims.js';
import { invalidRequest, OAuthError, tooManyTokens } from '../oauth-error.js';
import type { AppLimit } from '../app-limit.js';
import type { TokenSigner } from '../deps.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import type { AppAuthenticator } from './app.js';
import { jsonResponse, type Endpoint } from './endpoint.js';

const SOURCES: ParameterSources = {
  query: true,
  body: ['application/x-www-form-urlencoded', 'application/json'],
};
const MISSING = invalidRequest('The key or the secret is missing');

export interface AppTokenOptions {
  readonly apps: AppAuthenticator;
  readonly claims: ClaimsMaker;
  readonly signer: TokenSigner;
  readonly issueLimit: AppLimit;
  /** Notes that an app gets a token. */
  readonly recordAppUse: (key: string) => void;
}

/** Creates `POST /auth/token`. */
export function createKeySecret(
  { lifetimeMs }: NonNullable<TokenEndpoints['keySecret']>,
  { apps, claims, signer, issueLimit, recordAppUse }: AppTokenOptions,
): Endpoint {
  return {
    name: 'key_secret',
    method: ENDPOINT_METHODS.keySecret,
    async respond(call) {
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const id = parameters.one('key');
      const secret = parameters.one('secret');
      if (id === undefined || secret === undefined) return MISSING;
      const app = await apps.byCredentials({ id, secret, usedAuthorization: false }, 'key_secret', call);
      if (app instanceof OAuthError) return app;
      const retryAfterS = await issueLimit.consume(app.key);
      if (retryAfterS !== undefined) return tooManyTokens(retryAfterS);
      recordAppUse(app.key);
      return jsonResponse({
        token_type: 'bearer',
        access_token: await signer.sign(claims.forApp(app, app.scopes, lifetimeMs), app.key),
        expires_in: lifetimeMs === undefined ? undefined : secondsOf(lifetimeMs),
      });
    },
  };
}
