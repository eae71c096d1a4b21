/** A route: a rule for host, method and path, with everything that the pipeline needs for it. */
import type { ClaimCondition } from './claim.js';
import type { FailurePolicy, LimitPolicy } from './limit.js';
import type { Upstream } from './upstream.js';

/**
 * One segment of a route's path. Placeholders are whole segments; a rest matches one segment or more, an optional rest
 * also none.
 */
export type Segment =
  | { readonly kind: 'literal'; /** fully decoded */ readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string }
  | { readonly kind: 'optional-rest'; readonly name: string };

/** One segment of a rewrite: text as sent, or the value of one of the route's placeholders. */
export type RewriteSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: string };

/** The scopes that a route requires: all of them, or any one. */
export interface ScopeRequirement {
  readonly mode: 'all' | 'any';
  /** Empty, with `all`: any valid token is enough. */
  readonly scopes: readonly string[];
}

/** Who may call: anybody, or callers whose token has the scopes. */
export type Access =
  | { readonly kind: 'public' }
  | {
      readonly kind: 'scoped';
      readonly requirement: ScopeRequirement;
      /** The names of the accepted issuers; undefined: any of the file's. */
      readonly issuers: ReadonlySet<string> | undefined;
    };

/** The origins of all subdomains of a domain: `https://*.example.com`. */
export interface SubdomainOrigins {
  /** `https://` */
  readonly prefix: string;
  /** `.example.com`, with a port where it is not the default one; in lower case. */
  readonly suffix: string;
}

/** Cross-origin rules of a route or of the whole file (the Fetch standard's CORS protocol). */
export interface Cors {
  /** Exact origins in lower case, or `*`. */
  readonly origins: readonly string[];
  readonly subdomains: readonly SubdomainOrigins[];
  /** Whether pages may send cookies and client certificates; never with `*`. */
  readonly credentials: boolean;
  /** Request header fields that a page may send, besides the safelisted ones. */
  readonly headers: readonly string[];
  readonly maxAgeS: number;
}

export interface ResponseHeaderChanges {
  /** Names as written, and their values. */
  readonly set: readonly (readonly [name: string, value: string])[];
  /** The upstream's fields that are dropped, in lower case: those that are removed, and those that are set. */
  readonly replaced: ReadonlySet<string>;
}

export interface Route {
  /** The rule as written: `GET,POST /notarizations/{id}/stamps`. */
  readonly match: string;
  /** How logs, metrics and counts name it: `match`, after its hosts if it has any. */
  readonly label: string;
  /** Its line in the file, from 1. */
  readonly line: number;
  /** Hosts in their normal form (`host.ts`), and wildcards such as `*.example.com`; undefined: any host. */
  readonly hosts: readonly [string, ...string[]] | undefined;
  /** Upper-case methods, or any but TRACE and CONNECT. */
  readonly methods: ReadonlySet<string> | 'any';
  /** The path's segments; a trailing slash is a last literal segment with an empty text. */
  readonly path: readonly Segment[];
  readonly access: Access;
  /** Conditions on the caller's claims, all of which must be satisfied; undefined: none. */
  readonly require: readonly ClaimCondition[] | undefined;
  /** Decided together: all of them count a request or none does. Empty: not limited. */
  readonly limits: readonly LimitPolicy[];
  readonly onFailure: FailurePolicy;
  readonly upstream: Upstream;
  /** The path sent to the upstream, if it is not the caller's. */
  readonly rewrite: readonly RewriteSegment[] | undefined;
  /** The longest wait for the upstream's response headers; undefined: the upstream's own. */
  readonly timeoutMs: number | undefined;
  /** Changes to the header of the upstream's responses; undefined: none. */
  readonly responseHeaders: ResponseHeaderChanges | undefined;
  readonly maxBodyBytes: number;
  /** Whether a path may contain `%2F`. */
  readonly allowEncodedSlash: boolean;
  readonly cors: Cors | undefined;
  /**
   * The same route with its rules in shadow in the place of those in force: their scopes, conditions and limits. A request
   * that it would refuse is let through and recorded. Undefined: no rule is in shadow.
   */
  readonly shadow: Route | undefined;
}
