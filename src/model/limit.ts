/** Limits: how many requests in any window, counted by whom, and what was left after one was counted. */
import type { FlatHeaders } from './refusal.js';

/** Whom a limit counts: each app, each client address (IPv6 by /64), or all callers of the route together. */
export type LimitSubject = 'app' | 'ip' | 'route';

/** What becomes of a request that cannot be counted: counted by this replica alone, let through, or refused. */
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
   * Names the count in a store, beside the subject: made of the route's match (or the share's name), the window
   * and `by`, not of `requests`, so a count survives a reload that only changes how many are admitted.
   */
  readonly id: string;
}

/** What one counted request has left, as the answer's headers tell it. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** The store's time, epoch milliseconds, when the oldest counted request leaves the window. */
  readonly resetAtMs: number;
  /** The same fields as the client sees them: `X-RateLimit-*` and, where asked for, the IETF draft's. */
  readonly headers: FlatHeaders;
}
