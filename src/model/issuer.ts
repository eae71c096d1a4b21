/** An issuer of tokens: its keys, what its tokens must contain, and the most that they can grant. */
import type { ClaimCondition, ClaimPath } from './claim.js';
import type { TokenSource } from './token-source.js';
import type { TokenTypes } from './token-type.js';

/** The JWS algorithms that are verified with a public key (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2). */
export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number];

/** The JWS algorithms that are verified with a shared secret (RFC 7518 3.2). */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export type SecretAlgorithm = (typeof SECRET_ALGORITHMS)[number];

/** The JWS algorithms that the gateway verifies. `none` is never accepted. */
export type Algorithm = PublicKeyAlgorithm | SecretAlgorithm;

/** Whether an algorithm is verified with a shared secret, and never with a public key. */
export function isSecretAlgorithm(algorithm: string): algorithm is SecretAlgorithm {
  return SECRET_ALGORITHMS.some((each) => each === algorithm);
}

/** How the documents of an issuer are requested. */
export interface KeyRequest {
  readonly tls: KeyRequestTls | undefined;
  /** Header fields as name, in lower case, and value. They are sent to the origin in the file alone, and never logged. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether http is accepted from hosts that are not loopback. */
  readonly insecureHttp: boolean;
}

/** TLS to an issuer. Texts are PEM, read from the files that the configuration names. */
export interface KeyRequestTls {
  /** Undefined: the system's authorities. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name that the certificate at the origin in the file must have; undefined: that origin's host. */
  readonly serverName: string | undefined;
}

/** Where an issuer's keys come from. `request` is undefined where the file says nothing about it. */
export type KeySource =
  | { readonly kind: 'url'; readonly url: string; readonly request?: KeyRequest | undefined }
  /**
   * Metadata with the URL of the JWKS (OpenID Discovery 1.0, 4), at `url`, or else at the issuer's own URL with
   * `/.well-known/openid-configuration`.
   */
  | {
      readonly kind: 'discovery';
      readonly issuer: string;
      readonly url?: string | undefined;
      readonly request?: KeyRequest | undefined;
    }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly jwks: unknown }
  /** One public key in a PEM file, for tokens with any `kid` or none. */
  | { readonly kind: 'public_key_file'; readonly path: string }
  /** The same, as PEM text. */
  | { readonly kind: 'public_key'; readonly pem: string }
  /** A secret that the issuer shares with the gateway, at least 32 bytes of UTF-8. Never logged or shown. */
  | { readonly kind: 'secret'; readonly secret: string }
  /** The token service of this gateway. */
  | { readonly kind: 'own' };

/** Whether the `kid` of a token selects among an issuer's keys. A secret or a single public key has none. */
export function hasKeyIds({ kind }: KeySource): boolean {
  return kind !== 'secret' && kind !== 'public_key' && kind !== 'public_key_file';
}

export interface Issuer {
  /** Its name in the file. */
  readonly name: string;
  /** The expected `iss`; undefined for the one issuer whose tokens have none. */
  readonly iss: string | undefined;
  readonly keys: KeySource;
  /** The accepted audiences; undefined where the audience is not checked (`audience: false`). */
  readonly audience: readonly string[] | undefined;
  /** The claim with the audience: `['aud']`, except where tokens have another one instead. */
  readonly audienceClaim: ClaimPath;
  /** All of them are verified with a public key, or with a `secret` all of them are HS*. */
  readonly algorithms: readonly Algorithm[];
  /** The places of a request in which its tokens are accepted; at least one. */
  readonly tokenFrom: readonly TokenSource[];
  /** Whether the upstream gets a token that is in a header field or a cookie. Authorization has its own setting. */
  readonly forwardToken: boolean;
  /** The accepted `typ` values of its tokens. */
  readonly tokenTypes: TokenTypes;
  readonly claims: {
    /** The claims that can have the app's id: `[['sub']]`. The first that a token has is the one. */
    readonly app: readonly ClaimPath[];
    /** The claims that can have scopes: `[['scope']]`. A token has the scopes of all of them. */
    readonly scope: readonly ClaimPath[];
  };
  /** What every one of its tokens must satisfy. */
  readonly require: readonly ClaimCondition[];
  readonly requireExp: boolean;
  readonly clockSkewMs: number;
  /** The most that its tokens can grant, as scopes. */
  readonly grants: readonly string[];
}
