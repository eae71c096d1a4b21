/** What the parts of a gateway report for its metrics. The counts behind it are in `src/telemetry/measure-counts.ts`. */

/**
 * How a check of a route's limits ended. `uncounted`: it could not be counted, and `on_failure: open` let the request
 * through. `unavailable`: it could not be counted, and was refused.
 */
export type LimitCheckResult = 'admitted' | 'refused' | 'uncounted' | 'unavailable';

/** Each function counts one event. None throws or takes longer than a fraction of a microsecond. */
export interface Measures {
  /** A check of a request's limits; also of limits in shadow. */
  readonly limitCheck: (result: LimitCheckResult) => void;
  /** A check that Redis could not decide, so that `on_failure` did. */
  readonly redisFallback: () => void;
  /** A call to Redis, with its duration in milliseconds, also where it failed. */
  readonly redisCall: (ms: number) => void;
  /** A reading of an issuer's keys. */
  readonly keysRead: (issuer: string, result: 'ok' | 'failed') => void;
  /** A search for a token among the verified ones. */
  readonly tokenCache: (isHit: boolean) => void;
  /** Wrong credentials at an endpoint of the token service, or at the console. */
  readonly failedAttempt: (endpoint: string) => void;
}

const nothing = (): void => undefined;

/** Counts nothing: for commands, the library and `explain`. */
export const NO_MEASURES: Measures = {
  limitCheck: nothing,
  redisFallback: nothing,
  redisCall: nothing,
  keysRead: nothing,
  tokenCache: nothing,
  failedAttempt: nothing,
};
