/**
 * The console's API: the table of routes. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */

/** `GET routes`. */
export interface RouteTable {
  readonly routes: readonly ListedRoute[];
  readonly issuers: readonly {
    readonly name: string;
    readonly keys: number | null;
    readonly age_s: number | null;
    readonly error: string | null;
  }[];
  /** The last reload; null: there was none. */
  readonly reload: { readonly at: number; readonly ok: boolean; readonly errors: readonly string[] } | null;
}

export interface ListedRoute {
  readonly host: string | null;
  readonly match: string;
  readonly line: number;
  readonly access: string;
  readonly limits: readonly string[];
  readonly shadow: readonly string[];
  readonly upstream: string;
  readonly targets: readonly { readonly origin: string; readonly up: boolean }[];
  readonly requests_per_min: number;
}

/** `GET routes/match?method=&url=`: the route that such a request has. */
export interface MatchedRoute {
  readonly line: number | null;
  readonly match: string | null;
  /** 404 or 405 where there is none; else 200. */
  readonly status: number;
}
