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

/** So many in any window, which begins with the first of them. */
export interface AppLimitSettings {
  readonly requests: number;
  readonly windowMs: number;
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
  /** How many tokens an app may revoke; undefined: as many as it likes. */
  readonly revokeLimit: AppLimitSettings | undefined;
  /** How many tokens are issued to an app, or a user; undefined: as many as are asked for. */
  readonly issueLimit: AppLimitSettings | undefined;
  /** Undefined: signing keys are kept as they are. */
  readonly keyEncryptionKey: string | undefined;
  readonly endpoints: TokenEndpoints;
}

/** How far the clocks of gates that share a registry may be apart: by so much its own tokens are accepted past `exp`. */
export const OWN_CLOCK_SKEW_MS = 5000;

/** The names under which routes know the gate's own issuers. */
export const TOKENS = 'tokens';
export const NAMED = 'named';
