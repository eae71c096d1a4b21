/** `POST /revoke`: an app ends a token before its time (RFC 7009). */
import { invalidRequest, OAuthError, UNAVAILABLE } from '../oauth-error.js';
import type { Revocations } from '../ports.js';
import type { Registry } from '../registry/registry.js';
import { requireCredentials } from '../request/credentials.js';
import { readParameters, type ParameterSources } from '../request/parameters.js';
import type { Apps } from './app.js';
import type { Answer, Endpoint } from './endpoint.js';
import { isAnothers, type FindHeldToken, type HeldJwt, type HeldRefreshToken } from './held-token.js';

export interface RevokeOptions {
  readonly apps: Apps;
  readonly registry: Registry;
  readonly revocations: Revocations;
  readonly findHeldToken: FindHeldToken;
  readonly now: () => number;
}

const SOURCES: ParameterSources = { body: ['application/x-www-form-urlencoded'] };
const NO_TOKEN = invalidRequest('The token is missing');
const NOT_YOURS = invalidRequest('The token belongs to another client');
const DONE: Answer = { status: 200, fields: [], body: '' };

export function createRevoke(options: RevokeOptions): Endpoint {
  const { apps, registry, revocations, findHeldToken, now } = options;

  async function end(held: HeldJwt | HeldRefreshToken): Promise<Answer> {
    if (held.kind === 'refresh') {
      await registry.endFamily(held.family.id);
      return DONE;
    }
    const result = await revocations.revoke({
      kind: 'token',
      issuer: held.issuer,
      id: held.jti,
      revokedAtMs: now(),
      issuedBeforeMs: undefined,
      endsAtMs: held.exp === undefined ? undefined : held.exp * 1000,
      cause: 'revoked',
    });
    return result === 'away' ? UNAVAILABLE : DONE;
  }

  return {
    name: 'revoke',
    method: 'POST',
    async answer(call) {
      const parameters = await readParameters(call, SOURCES);
      if (parameters instanceof OAuthError) return parameters;
      const credentials = requireCredentials(call.req.headers.authorization, parameters);
      if (credentials instanceof OAuthError) return credentials;
      const token = parameters.one('token');
      if (token === undefined) return NO_TOKEN;
      const app = await apps.byCredentials(credentials, 'revoke', call.clientIp);
      if (app instanceof OAuthError) return app;
      const held = await findHeldToken(token);
      // RFC 7009 2.2: what is no token, or no more, is as good as revoked.
      if (held === undefined) return DONE;
      return isAnothers(held, app) ? NOT_YOURS : end(held);
    },
  };
}
