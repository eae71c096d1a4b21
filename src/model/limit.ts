/** Limits: how many requests any window admits, what is counted, and the quota left after a request. */
import type { FlatHeaders } from './refusal.js';

/** What a limit counts separately: each app, each client address (IPv6 by /64), or the route as a whole. */
export type LimitSubject = 'app' | 'ip' | 'route';

/** What happens to a request that cannot be counted: counted by this replica alone, admitted, or refused. */
export type FailurePolicy = 'local' | 'open' | 'closed';

/** `10 per 2m`: at most `requests` in any interval of `windowMs`. */
export interface LimitPolicy {
  readonly requests: number;
  /** At least 1000. */
  readonly windowMs: number;
  readonly by: LimitSubject;
  /** The name under which several routes share one count. */
  readonly share: string | undefined;
  /**
   * Identifies the count in a store, together with the subject. Made of the route's label (or the share's name), the
   * window and `by`, but not `requests`: a count survives a reload that only changes how many requests are admitted.
   */
  readonly id: string;
}

/** The quota left after a counted request, as the response's headers show it. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** When the oldest counted request leaves the window: epoch milliseconds, by the store's clock. */
  readonly resetAtMs: number;
  /** The same as response fields: `X-RateLimit-*` and, if configured, those of the IETF draft. */
  readonly headers: FlatHeaders;
}
