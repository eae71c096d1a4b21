/**
 * The callers' tokens: created once for each app and key, and signed with a new key only when the gateways
 * know it.
 */
import type { TestIssuer } from '../support/tokens.js';

export interface Tokens {
  of(app: string): string;
  /**
   * Publishes a new key, which signs after `settle`. All but the latest of the older ones are unpublished.
   */
  rotate(): void;
  settle(): void;
}

export function createTokens(issuer: TestIssuer): Tokens {
  const tokens = new Map<string, string>();
  let signer = issuer.key;
  return {
    of(app) {
      let token = tokens.get(app);
      if (token === undefined) {
        token = issuer.sign({ sub: app, scope: 'soak:use' }, {}, signer);
        tokens.set(app, token);
      }
      return token;
    },
    rotate() {
      issuer.rotate();
      if (issuer.jwks.keys.length > 2) issuer.jwks.keys.shift();
    },
    settle() {
      signer = issuer.key;
      tokens.clear();
    },
  };
}
