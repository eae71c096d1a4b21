/** The compiled settings of the token service: what its tokens contain, and how they are issued. */

/** Where the registry is kept. */
export type RegistryLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

export interface FailedAttemptsSettings {
  /** This many failures of one id from one address within the window block that pair. */
  readonly attempts: number;
  readonly windowMs: number;
  readonly cooldownMs: number;
}

/** A fixed window of requests by one app. The window begins with its first request. */
export interface AppLimitSettings {
  readonly requests: number;
  readonly windowMs: number;
}

/** Each endpoint is undefined unless the file names it; `revoke` and `introspect` always exist. */
export interface TokenEndpoints {
  readonly revoke: { readonly path: string };
  readonly introspect: { readonly path: string };
  /** `lifetimeMs` undefined: its tokens never expire; only revocation ends them. */
  readonly keySecret: { readonly path: string; readonly lifetimeMs: number | undefined } | undefined;
  readonly clientCredentials: { readonly path: string; readonly lifetimeMs: number } | undefined;
  readonly password:
    { readonly path: string; readonly lifetimeMs: number; readonly refreshLifetimeMs: number } | undefined;
  /** `permissions`: the number that a token has for each name. */
  readonly named: { readonly path: string; readonly permissions: ReadonlyMap<string, number> } | undefined;
  readonly whoami: { readonly path: string } | undefined;
}

export interface TokenServiceSettings {
  /** `iss` of its tokens; named tokens have `<issuer>/named`. */
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly database: RegistryLocation;
  readonly failedAttempts: FailedAttemptsSettings;
  /** How many tokens an app may revoke; undefined: unlimited. */
  readonly revokeLimit: AppLimitSettings | undefined;
  /** How many tokens are issued to an app or a user; undefined: unlimited. */
  readonly issueLimit: AppLimitSettings | undefined;
  /** Undefined: signing keys are stored unencrypted. */
  readonly keyEncryptionKey: string | undefined;
  /** The one before it: it still decrypts. */
  readonly previousKeyEncryptionKey: string | undefined;
  readonly endpoints: TokenEndpoints;
}

/** The allowed clock difference of gateways that share a registry: their tokens are accepted this long after `exp`. */
export const OWN_CLOCK_SKEW_MS = 5000;

/** The names of the gateway's own issuers, as routes refer to them. */
export const TOKENS = 'tokens';
export const NAMED = 'named';
