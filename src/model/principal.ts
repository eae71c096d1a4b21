/**
 * The caller, made from a verified token by `authenticate/`; frozen, and shared by all requests with that token.
 * An app is identified by issuer name and id together: equal ids of two issuers are different apps.
 */
export interface Principal {
  /** The issuer's name in the file; empty for the anonymous caller. */
  readonly issuer: string;
  /** The app's id: the value of the issuer's app claim; empty for the anonymous caller. */
  readonly app: string;
  /** `app_name`, where the token has one. */
  readonly appName: string | undefined;
  /** `organization`, where the token has one. */
  readonly organization: string | undefined;
  /** `sub`, where the token has one. */
  readonly subject: string | undefined;
  /** `jti`, where the token has one. */
  readonly tokenId: string | undefined;
  /** `sid` of a token of the gateway's own: the login that it descends from. */
  readonly family: string | undefined;
  /** `gen` of a token of the gateway's own: revocations can end earlier generations; 0 where it is absent. */
  readonly generation: number;
  /** The effective scopes: what the token grants, narrowed to what its issuer may grant. */
  readonly scopes: readonly string[];
  /** When the token expires, epoch milliseconds; Infinity for one that never expires. Clock skew is not included. */
  readonly expiresAtMs: number;
  /** When the token was issued, epoch milliseconds; -Infinity for one without `iat`: earlier than any cutoff. */
  readonly issuedAtMs: number;
  /** The token's top-level claims that a route or an upstream names, and no others: verified tokens are cached. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The claims of a Principal of which none is needed. */
export const NO_CLAIMS: Principal['claims'] = Object.freeze({});

/** The caller of a public route. */
export const ANONYMOUS: Principal = Object.freeze({
  issuer: '',
  app: '',
  appName: undefined,
  organization: undefined,
  subject: undefined,
  tokenId: undefined,
  family: undefined,
  generation: 0,
  scopes: Object.freeze([]),
  expiresAtMs: Infinity,
  issuedAtMs: -Infinity,
  claims: NO_CLAIMS,
});
