/**
 * The console's API: signing in, and the overview. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */

/** `GET session`, and the response to `POST session`. */
export interface Session {
  readonly kind: 'administrator' | 'developer';
  readonly name: string;
  /** A developer's; null for an administrator. */
  readonly organization: string | null;
  /** The scopes that a developer may grant; an administrator may grant any. */
  readonly scopes: readonly string[];
  /** Sent back as `X-Tollgate-CSRF` with each change. */
  readonly csrf: string;
  readonly expires_at: number;
  readonly gateway: GatewayState;
  /** Whether the file has a token service, so that there are apps and users. */
  readonly has_token_service: boolean;
}

export interface GatewayState {
  readonly name: string;
  readonly version: string;
  readonly state: 'ready' | 'draining' | 'not_ready';
  /** Faults that hold now. */
  readonly problems: readonly { readonly text: string; readonly since: number }[];
}

/** `POST session`. */
export type Login = { readonly credential: string } | { readonly user: string; readonly password: string };

/** A figure with its last 60 values, one a minute. */
export interface Figure {
  readonly value: number | null;
  readonly series: readonly (number | null)[];
}

/** `GET overview`. */
export interface Overview {
  readonly figures: {
    readonly requests_per_s: Figure;
    readonly refused_percent: Figure;
    readonly p99_ms: Figure;
    readonly apps_active: Figure;
  };
  readonly attention: readonly Attention[];
  /** Whether no request has been seen yet. */
  readonly empty: boolean;
  /** Lines that make it non-empty. */
  readonly first_requests: readonly FirstRequest[];
  /** Whether there is a sample application: in the demo alone. */
  readonly has_sample: boolean;
}

/** A line for a shell, and what to know of it. */
export interface FirstRequest {
  readonly line: string;
  readonly note: string;
}

export interface Attention {
  readonly kind: 'issuer' | 'target' | 'reload' | 'redis' | 'limit' | 'registry';
  readonly text: string;
  readonly since: number | null;
  /** A place of the page: `/apps/KEY`; null where there is none. */
  readonly link: string | null;
}
