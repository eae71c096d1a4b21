/**
 * The console's API: users and the audit view, for administrators. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */

/** `GET users`. */
export interface Users {
  readonly users: readonly {
    readonly name: string;
    readonly organization: string;
    readonly scopes: readonly string[];
  }[];
}

/** `POST users`. */
export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly organization: string;
  readonly scopes: readonly string[];
}

/** `GET audit?limit=&before=`: the newest first. */
export interface AuditTrail {
  /** Where they are kept: in the registry, for 90 days, or in the memory of the gateway, the last 500 of each worker. */
  readonly kept: 'registry' | 'memory';
  /** The `before` of the next page; null: there is none. */
  readonly next: string | null;
  readonly entries: readonly {
    readonly at: number;
    readonly action: string;
    readonly by: string;
    readonly subject: string | null;
    readonly client_ip: string | null;
  }[];
}
