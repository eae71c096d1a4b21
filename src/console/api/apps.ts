/**
 * The console's API: apps, their secrets and their limits. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */

/** An app in `GET apps`. */
export interface AppSummary {
  readonly key: string;
  readonly name: string;
  readonly organization: string;
  readonly scopes: readonly string[];
  readonly owner: string | null;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

/** `GET apps/{key}`. */
export interface AppDetails extends AppSummary {
  /** Until when the secret before the last rotation works; null: it does not. */
  readonly old_secret_until: number | null;
  readonly named_tokens: readonly NamedToken[];
}

export interface NamedToken {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  /** Whether it, or its app, was revoked. */
  readonly revoked: boolean;
}

/** `POST apps`. */
export interface NewApp {
  readonly name: string;
  readonly organization: string;
  readonly scopes: readonly string[];
}

/** The response to `POST apps`: the secret is shown once. */
export interface CreatedApp {
  readonly app: AppDetails;
  readonly secret: string;
  /** The public origin, for the snippets. */
  readonly origin: string;
  /** The endpoint at which the app gets a token; null where the file has none for apps. */
  readonly token_endpoint: {
    readonly grant: 'key_secret' | 'client_credentials';
    readonly path: string;
  } | null;
  /** A path that the app's scopes open, for the snippets; null where there is none. */
  readonly example_path: string | null;
}

/** `PATCH apps/{key}`. */
export type AppChange = Partial<NewApp>;

/** The response to `POST apps/{key}/rotate` with `{"overlap_s": 3600}`. */
export interface RotatedSecret {
  readonly secret: string;
  readonly old_secret_until: number | null;
}

/** The response to `DELETE apps/{key}`. */
export interface DeletedApp {
  readonly key: string;
  /**
   * How many gateways have applied the deletion within a second, of those that share the Redis; null where the number of
   * gateways is not known.
   */
  readonly gateways: { readonly reached: number; readonly total: number } | null;
}

/** `GET apps/{key}/limits`. */
export interface AppLimits {
  readonly endpoints: readonly EndpointLimits[];
}

export interface EndpointLimits {
  readonly endpoint: string;
  readonly limits: readonly LimitUse[];
}

export interface LimitUse {
  readonly name: string | null;
  readonly by: 'app' | 'ip' | 'route';
  readonly limit: number;
  readonly window_s: number;
  readonly used: number;
  readonly remaining: number;
  readonly reset: number;
}

/** `GET scopes`: those that the caller may grant. */
export interface GrantableScopes {
  readonly scopes: readonly { readonly scope: string; readonly opens: readonly string[] }[];
}
