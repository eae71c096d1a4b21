/**
 * The console's API: the debugger and explain. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */
import type { EndpointLimits } from './apps.js';

/** One check of the gateway. */
export interface Check {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly text: string;
}

/** The response to `POST token` with `{"token": "…"}`. */
export interface DebuggedToken {
  /** Null where the token is not a JWT. */
  readonly header: Readonly<Record<string, unknown>> | null;
  readonly payload: Readonly<Record<string, unknown>> | null;
  readonly checks: readonly Check[];
  readonly accepted: boolean;
  readonly issuer: string | null;
  readonly app: string | null;
  readonly scopes: readonly string[];
  readonly opens: readonly OpenedRoute[];
  readonly limits: readonly EndpointLimits[];
}

export interface OpenedRoute {
  readonly route: string;
  readonly host: string | null;
  readonly line: number;
  readonly open: boolean;
  /** Why it is closed; null where it is open. */
  readonly reason: string | null;
}

/** `POST explain`; the response is an `Explanation` (`src/model/explanation.ts`). */
export interface ExplainQuestion {
  readonly method: string;
  readonly url: string;
  readonly token?: string;
}
