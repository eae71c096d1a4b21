/** The token service, compiled: what this gate's own passes say, and which ways there are to get one. */

/** Where the registry is kept. */
export type Database =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

export interface FailedAttemptsSettings {
  /** So many failures of one id at one address within the window close that pair. */
  readonly attempts: number;
  readonly windowMs: number;
  readonly cooldownMs: number;
}

/** Each endpoint is undefined unless the file names it; `revoke` and `introspect` are always there. */
export interface TokenEndpoints {
  readonly revoke: { readonly path: string };
  readonly introspect: { readonly path: string };
  /** `lifetimeMs` undefined: its tokens never expire and end by revocation alone. */
  readonly keySecret: { readonly path: string; readonly lifetimeMs: number | undefined } | undefined;
  readonly clientCredentials: { readonly path: string; readonly lifetimeMs: number } | undefined;
  readonly password:
    { readonly path: string; readonly lifetimeMs: number; readonly refreshLifetimeMs: number } | undefined;
  /** `permissions`: the number that stands in a token for each name. */
  readonly named: { readonly path: string; readonly permissions: ReadonlyMap<string, number> } | undefined;
  readonly whoami: { readonly path: string } | undefined;
}

export interface TokenServiceSettings {
  /** `iss` of its tokens; named tokens have `<issuer>/named`. */
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly database: Database;
  readonly failedAttempts: FailedAttemptsSettings;
  /** Undefined: signing keys are kept as they are. */
  readonly keyEncryptionKey: string | undefined;
  readonly endpoints: TokenEndpoints;
}

/** The names under which routes know the gate's own issuers. */
export const TOKENS = 'tokens';
export const NAMED = 'named';
