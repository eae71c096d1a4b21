/** `POST /revoke`: an app ends a token before its time (RFC 7009). */
import { invalidRequest, OAuthError, UNAVAILABLE } from '../oauth-error.js';
import type { Revocations } from '../ports.js';
import type { Registry } from '../registry/registry.js';
import type { Answer, Endpoint } from './endpoint.js';
import { isAnothers, type HeldJwt, type HeldRefreshToken, type ReadShown } from './held-token.js';

export interface RevokeOptions {
  readonly registry: Registry;
  readonly revocations: Revocations;
  readonly readShown: ReadShown;
  readonly now: () => number;
}

const NOT_YOURS = invalidRequest('The token belongs to another client');
const DONE: Answer = { status: 200, fields: [], body: '' };

export function createRevoke(options: RevokeOptions): Endpoint {
  const { registry, revocations, readShown, now } = options;

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
      const shown = await readShown(call, 'revoke');
      if (shown instanceof OAuthError) return shown;
      const { app, held } = shown;
      // RFC 7009 2.2: what is no token, or no more, is as good as revoked.
      if (held === undefined) return DONE;
      return isAnothers(held, app) ? NOT_YOURS : end(held);
    },
  };
}
