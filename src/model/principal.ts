/**
 * Who is calling: what `authenticate/` makes of a verified token, frozen and shared by all requests that show it.
 * An app is issuer name and id together: equal ids of two issuers never meet.
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
  /** `sid` of a token of the gate's own: the login that it descends from. */
  readonly family: string | undefined;
  /** `gen` of a token of the gate's own: how often the user's name was given before; 0 where there is none. */
  readonly generation: number;
  /** The scopes that count: what the token grants, narrowed to what its issuer may grant. */
  readonly scopes: readonly string[];
  /** When the token ends, epoch milliseconds; Infinity for one that never expires. Clock skew is not included. */
  readonly expiresAtMs: number;
  /** When the token was issued, epoch milliseconds; -Infinity for one that does not say, as if before everything. */
  readonly issuedAtMs: number;
}

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
});
