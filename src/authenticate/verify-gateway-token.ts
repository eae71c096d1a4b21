/** Authenticate, for the token service: verifies a token of the gateway as for a route and returns its claims. */
import jwt from 'jsonwebtoken';
import { Refusal } from '../model/refusal.js';
import type { Access } from '../model/route.js';
import { NAMED, TOKENS } from '../model/tokens.js';
import type { Authenticate } from './authenticate.js';

export type VerifyGatewayToken = (
  authorization: string | undefined,
) => Promise<
  { readonly claims: Readonly<Record<string, unknown>> } | 'none' | 'invalid' | 'malformed' | 'unavailable'
>;

/** Any caller with a token of the gateway may read its claims: no scope is required. */
const ACCESS: Access = {
  kind: 'scoped',
  requirement: { mode: 'all', scopes: [] },
  issuers: new Set([TOKENS, NAMED]),
};

/** Creates the check from the step `authenticate`. It rejects only where `authenticate` rejects. */
export function createVerifyGatewayToken(authenticate: Authenticate): VerifyGatewayToken {
  return async function verifyGatewayToken(authorization) {
    const found = await authenticate({ authorization, socket: undefined }, { access: ACCESS });
    if (found instanceof Refusal) {
      if (found.reason === 'no_token') return 'none';
      if (found.reason === 'keys_unavailable' || found.reason === 'revocations_unavailable')
        return 'unavailable';
      return found.reason === 'malformed_credentials' ? 'malformed' : 'invalid';
    }
    const claims = jwt.decode(String(authorization).replace(/^\S+ +/, ''), { json: true });
    return claims ? { claims } : 'invalid';
  };
}
