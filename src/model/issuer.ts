/** An issuer of tokens: its keys, what its tokens must contain, and the most that they can grant. */
import type { ClaimCondition } from './claim.js';
import type { TokenTypes } from './token-type.js';

/** The JWS algorithms that the gateway verifies (RFC 7518 3.1). HS* and `none` are never accepted. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Where an issuer's JWKS comes from. */
export type KeySource =
  | { readonly kind: 'url'; readonly url: string }
  /** The issuer's own URL; its `/.well-known/openid-configuration` has the URL of the JWKS (OpenID Discovery 1.0, 4). */
  | { readonly kind: 'discovery'; readonly issuer: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly jwks: unknown }
  /** The token service of this gateway. */
  | { readonly kind: 'own' };

export interface Issuer {
  /** Its name in the file. */
  readonly name: string;
  /** The expected `iss`; undefined for the one issuer whose tokens have none. */
  readonly iss: string | undefined;
  readonly keys: KeySource;
  /** The accepted audiences; undefined where `aud` is not checked (`audience: false`). */
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly Algorithm[];
  /** The accepted `typ` values of its tokens. */
  readonly tokenTypes: TokenTypes;
  readonly claims: {
    /** The path of the claim that holds the app's id: `['sub']`. */
    readonly app: readonly string[];
    /** The path of the claim that holds the scopes: `['scope']`. */
    readonly scope: readonly string[];
  };
  /** What every one of its tokens must satisfy. */
  readonly require: readonly ClaimCondition[];
  readonly requireExp: boolean;
  readonly clockSkewMs: number;
  /** The most that its tokens can grant, as scopes. */
  readonly grants: readonly string[];
}
