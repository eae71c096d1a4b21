/**
 * What the gateway would do with a request, and why: the result of `explain`. It is printed by `tollgate explain --json` and
 * sent by the admin port as it is, so its names are in snake_case.
 */

/** One check of a step, in the order in which the gateway runs them. */
export interface ExplainedCheck {
  /** What was checked: `signature`, `scope files:read`. */
  readonly name: string;
  /** `skipped`: an earlier check failed, or this one does not apply. */
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was found, in a few words. */
  readonly text: string;
}

/** A part of the explanation: one step of the pipeline. */
export interface ExplainedStep {
  readonly checks: readonly ExplainedCheck[];
}

/** A route of the file. */
export interface ExplainedRoute {
  /** The rule as written. */
  readonly match: string;
  /** Null: any host. */
  readonly hosts: readonly string[] | null;
  /** The file's path, and the line of the route, from 1. */
  readonly file: string;
  readonly line: number;
}

/** `read`: the request as the gateway reads it. */
export interface ExplainedRequest extends ExplainedStep {
  readonly method: string;
  /** The Host field. */
  readonly host: string;
  /** The normal form of the path, which is compared with routes; null where the target is refused. */
  readonly path: string | null;
  /** How the normal form differs from the path as sent; empty where it does not. */
  readonly normalized: readonly string[];
  readonly client_ip: string;
}

/** `match`: the route, and the others that match as well. */
export interface ExplainedMatch extends ExplainedStep {
  /** Null where there is none. */
  readonly route: ExplainedRoute | null;
  /** The other routes that match host, method and path, and the rule by which they come later. */
  readonly others: readonly (ExplainedRoute & { readonly because: string })[];
  /** Without a route for the path: the one whose path is the nearest. */
  readonly nearest: ExplainedRoute | null;
  /** Without a route for the method: those that the path has. */
  readonly allowed_methods: readonly string[] | null;
}

/** `authenticate`: the token. Neither the token nor its signature is in it. */
export interface ExplainedToken extends ExplainedStep {
  /** Whether the caller was given as scopes and claims, without a token. */
  readonly assumed: boolean;
  /** Where in the request the token was: `Authorization`, `header x-token`; null where there was none. */
  readonly place: string | null;
  /** The issuer's name in the file. */
  readonly issuer: string | null;
  readonly iss: string | null;
  readonly kid: string | null;
  readonly alg: string | null;
  readonly typ: string | null;
  readonly app: string | null;
  readonly subject: string | null;
  readonly audience: readonly string[] | null;
  /** The effective scopes; null where the token was refused. */
  readonly scopes: readonly string[] | null;
  /** The scopes that the token claims and its issuer may not grant. */
  readonly not_granted: readonly string[];
  /** RFC 3339, UTC. */
  readonly issued_at: string | null;
  readonly not_before: string | null;
  readonly expires_at: string | null;
}

/** `authorize`: scopes and conditions. */
export interface ExplainedAccess extends ExplainedStep {
  readonly public: boolean;
  /** `all` of the scopes, or `any` one of them; null on a public route. */
  readonly mode: 'all' | 'any' | null;
  readonly required: readonly string[];
  /** The required scopes that the token does not have. */
  readonly missing: readonly string[];
}

/** One limit of the route. */
export interface ExplainedLimit {
  /** `app-120s`, as in the RateLimit fields. */
  readonly name: string;
  /** The key of the count. */
  readonly key: string;
  readonly by: 'app' | 'ip' | 'route';
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
  /** How many requests are counted now; null where this is not known. */
  readonly count: number | null;
  readonly remaining: number | null;
  /** Epoch seconds: when the oldest counted request leaves, or, where nothing remains, when the next is admitted. */
  readonly reset: number | null;
}

/** `limit`: the counts, without this request. */
export interface ExplainedLimits extends ExplainedStep {
  /** `gateway`: the counts of a running gateway; `none`: there is none, so every count is 0. */
  readonly counts: 'gateway' | 'none';
  readonly limits: readonly ExplainedLimit[];
}

export interface ExplainedTarget {
  /** Its origin. */
  readonly target: string;
  /** Whether a request may go to it now. */
  readonly available: boolean;
  readonly text: string;
}

/** `forward`: what the upstream would get. */
export interface ExplainedUpstream extends ExplainedStep {
  readonly name: string;
  readonly targets: readonly ExplainedTarget[];
  readonly method: string;
  /** The path and query as the upstream gets them. */
  readonly path: string;
  /** The fields as sent to the first target that is available. The values of credentials are not in it. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The rules in shadow: what they would do, were they in force. */
export interface ExplainedShadow extends ExplainedStep {
  /** The status with which they would refuse the request; null where they would let it through. */
  readonly status: number | null;
  readonly reason: string | null;
  readonly limits: readonly ExplainedLimit[];
}

/** A step is null where the request does not reach it. */
export interface Explanation {
  /** `respond`: the gateway responds itself, by an endpoint of its own. */
  readonly verdict: 'forward' | 'refuse' | 'respond';
  /** Of a forwarded request 200, which stands for the upstream's own. */
  readonly status: number;
  /** The route's `match` as written; null where there is none. */
  readonly route: string | null;
  /** The refusal's reason, as in the access log; null where the request is not refused. */
  readonly reason: string | null;
  /** One sentence: what happens. */
  readonly detail: string;
  /** What would have to change for the request to be admitted; null where it is. */
  readonly remedy: string | null;
  /** What is not known, such as the counts of a gateway that is not asked. */
  readonly notes: readonly string[];
  readonly request: ExplainedRequest;
  readonly match: ExplainedMatch | null;
  readonly token: ExplainedToken | null;
  readonly access: ExplainedAccess | null;
  readonly limits: ExplainedLimits | null;
  readonly upstream: ExplainedUpstream | null;
  readonly shadow: ExplainedShadow | null;
}

/** A caller that is assumed instead of a token: what its token would say. */
export interface AssumedCaller {
  readonly scopes: readonly string[];
  /** Undefined: an app of that name does not matter. */
  readonly app?: string | undefined;
  /** Further claims, or other values for those that a token of the issuer has. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** The issuer's name in the file; undefined: the first that the route accepts. */
  readonly issuer?: string | undefined;
}

/** A request to explain. */
export interface ExplainRequest {
  readonly method: string;
  /** The target as on the request line: `/a/b?c=d`. */
  readonly target: string;
  /** The Host field; undefined: the request has none. */
  readonly host: string | undefined;
  /** Further fields: alternating names and values. */
  readonly headers: readonly string[];
  /** The address of the connection's other side. */
  readonly peer: string;
  /** A token, in the place where the route accepts one; undefined: none but those in `headers`. */
  readonly token?: string | undefined;
  /** Takes the place of a token; undefined: none is assumed. */
  readonly assumed?: AssumedCaller | undefined;
}

/** Explains a request. Forwards nothing and counts nothing. Rejects only for a bug. */
export type Explain = (request: ExplainRequest) => Promise<Explanation>;
