/**
 * The console's API: traffic and refusals. Paths are below `<prefix>/api/`. Times are epoch seconds; a duration names its unit. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */
import type { Explanation } from '../../model/explanation.js';
import type { LimitUse } from './apps.js';

/** A refusal in `GET refusals`. */
export interface RecentRefusal {
  readonly request_id: string;
  readonly at: number;
  readonly method: string | null;
  readonly path: string | null;
  readonly route: string | null;
  readonly issuer: string | null;
  readonly app: string | null;
  readonly status: number;
  readonly reason: string;
  readonly detail: string | null;
}

/** `GET refusals?limit=&app=&route=&shadow=`. With `shadow=true`: what rules in shadow would have refused, and let through. */
export interface RecentRefusals {
  readonly refusals: readonly RecentRefusal[];
}

/** `GET traffic?range=15m`, and `GET apps/{key}/activity`. Each series has one value for each of `times`. */
export interface Traffic {
  readonly step_s: number;
  readonly times: readonly number[];
  readonly admitted: readonly number[];
  readonly refused: Readonly<Record<string, readonly number[]>>;
  readonly failed: readonly number[];
  readonly shadow: Readonly<Record<string, readonly number[]>>;
  readonly p50_ms: readonly (number | null)[];
  readonly p99_ms: readonly (number | null)[];
  readonly endpoints: readonly EndpointTraffic[];
  readonly apps: readonly AppTraffic[];
  /** How many gateways are added up. */
  readonly gateways: number;
}

export interface EndpointTraffic {
  readonly route: string;
  readonly requests: number;
  readonly refused: number;
  readonly shadow: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

export interface AppTraffic {
  readonly issuer: string;
  readonly app: string;
  readonly name: string | null;
  readonly requests: number;
  readonly refused: number;
}

/** `GET quotas?range=15m`: what is left of the limits of the busiest pairs of an app and an endpoint, the busiest first. */
export interface Quotas {
  readonly quotas: readonly Quota[];
  /** How many such pairs have traffic. */
  readonly total: number;
}

export interface Quota {
  readonly issuer: string;
  readonly app: string;
  readonly name: string | null;
  readonly endpoint: string;
  readonly requests: number;
  /** Empty where the counts cannot be read. */
  readonly limits: readonly LimitUse[];
}

/** `GET refusals/{id}`: why that request was refused. */
export interface ExplainedRefusal extends Explanation {
  readonly refusal: RecentRefusal;
}
