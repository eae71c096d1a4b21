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
  /** How the IETF draft's fields and problem details call it: printable ASCII; undefined: made of `by` and window. */
  readonly name: string | undefined;
  /** The name under which several routes share one count. */
  readonly share: string | undefined;
  /**
   * Identifies the count in a store, together with the subject. Made of the route's label (or the share's name), the
   * window and `by`, but not `requests`: a count survives a reload that only changes how many requests are admitted.
   */
  readonly id: string;
}

const SUBJECTS = {
  app: 'each app',
  ip: 'each client address',
  route: 'all callers together',
} as const satisfies Record<LimitSubject, string>;

/** Says what a limit admits: `at most 10 requests per 2m for each app`, and its name after that. */
export function describeLimit({ requests, windowMs, by, share, name }: LimitPolicy): string {
  const places = share === undefined ? '' : ', over several routes';
  const count = `${requests} request${requests === 1 ? '' : 's'}`;
  const named = name === undefined ? '' : ` (${name})`;
  return `at most ${count} per ${formatWindow(windowMs)} for ${SUBJECTS[by]}${places}${named}`;
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;

/** Formats a window in the largest unit that divides it: `2m` for 120000 milliseconds. */
export function formatWindow(windowMs: number): string {
  const unit = UNITS.find(([size]) => windowMs % size === 0);
  return unit ? `${windowMs / unit[0]}${unit[1]}` : `${windowMs}ms`;
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
