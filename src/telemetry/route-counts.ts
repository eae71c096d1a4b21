/** What one route counts for the metrics: plain arrays, so that a request makes no object and no text. */
import { FAULTS, OAUTH_ERROR_CODES } from '../model/reasons.js';
import { REFUSAL_REASONS, type RefusalReason } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { BROKEN_BODY } from '../model/record.js';
import { BucketCounts, REQUEST_BOUNDS } from './bucket-counts.js';
import { labelText } from './metric-family.js';

/** Returns the place of a status in STATUSES. */
export function statusIndexOf(status: number): number {
  return Math.min(Math.max(Math.floor(status / 100), 1), STATUSES.length) - 1;
}

/** What a label shows for a value that is none of its known ones. */
export const OTHER = 'other';

/** The methods that the metrics tell apart. */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  OTHER,
] as const;
export const STATUSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** The reasons of refusals: those of the gateway, then the codes of the token service. */
export const REASONS: readonly string[] = [...new Set([...REFUSAL_REASONS, ...OAUTH_ERROR_CODES, OTHER])];
/** The reasons of exchanges that failed after their response had begun. */
const LATE_REASONS: readonly string[] = [...FAULTS, BROKEN_BODY];

const METHOD_INDEX: ReadonlyMap<string | undefined, number> = indexOf(METHODS);
const REASON_INDEX: ReadonlyMap<string, number> = indexOf(REASONS);
const LATE_INDEX: ReadonlyMap<string, number> = indexOf(LATE_REASONS);
const LAST_METHOD = METHODS.length - 1;
const LAST_REASON = REASONS.length - 1;

/** Every route begins its responses with these at 0, so that the first failure is seen as an increase. */
const FIRST_STATUSES: readonly number[] = [1, 3, 4];
/** What an upstream can cause at any route. */
const UPSTREAM_REASONS: readonly RefusalReason[] = [
  'upstream_unreachable',
  'upstream_broken',
  'upstream_timeout',
  'no_healthy_target',
];

/** The counts of one route, or of an endpoint of the token service. */
export class RouteCounts {
  /** By method and status. */
  readonly requests = new Float64Array(METHODS.length * STATUSES.length);
  /** By reason. */
  readonly refusals = new Float64Array(REASONS.length);
  readonly faults = new Float64Array(LATE_REASONS.length);
  readonly durations = new BucketCounts(REQUEST_BOUNDS);
  /** The methods that are shown. */
  readonly #methods = new Set<number>();
  /** The reasons that are shown from the first request on, or always. */
  readonly #reasons = new Set<number>();
  #showsReasons = false;
  /** Whether it has counted a request. */
  isUsed = false;

  /** The label `route`, as the text format has it. */
  readonly routeText: string;

  /** @param label the value of the label `route` */
  constructor(label: string) {
    this.routeText = labelText('route', label);
  }

  /** Shows what a route can respond with, from 0 on. Called again when the route has changed. */
  expect(route: Route): void {
    if (route.methods !== 'any') for (const method of route.methods) this.#methods.add(methodOf(method));
    this.#expectReasons([...reasonsOf(route), ...UPSTREAM_REASONS]);
  }

  /** Shows these reasons even before a request. */
  expectAlways(reasons: readonly RefusalReason[]): void {
    this.#expectReasons(reasons);
    this.#showsReasons = true;
  }

  /** Counts a request that is over. */
  count(method: string | undefined, status: number, reason: string | undefined): void {
    const index = METHOD_INDEX.get(method) ?? LAST_METHOD;
    const statusClass = statusIndexOf(status);
    this.requests[index * STATUSES.length + statusClass]! += 1;
    this.isUsed = true;
    if (reason !== undefined) this.#countReason(reason, status);
  }

  /** How many responses were 2xx. */
  get succeeded(): number {
    let total = 0;
    for (let at = 1; at < this.requests.length; at += STATUSES.length) total += this.requests[at]!;
    return total;
  }

  /** Calls back with each count by method and status, also with those that are shown at 0. */
  eachRequest(visit: (method: string, status: string, count: number) => void): void {
    for (const [method, name] of METHODS.entries()) {
      const first = method * STATUSES.length;
      if (!this.#methods.has(method) && !this.#isMethodUsed(first)) continue;
      for (const [at, status] of STATUSES.entries()) {
        const count = this.requests[first + at]!;
        if (count > 0 || FIRST_STATUSES.includes(at)) visit(name, status, count);
      }
    }
  }

  /** Calls back with each count by reason, also with those that are shown at 0. */
  eachRefusal(visit: (reason: string, count: number) => void): void {
    const isShown = this.isUsed || this.#showsReasons;
    for (const [at, reason] of REASONS.entries()) {
      const count = this.refusals[at]!;
      if (count > 0 || (isShown && this.#reasons.has(at))) visit(reason, count);
    }
  }

  /** Calls back with each count by reason of the faults. */
  eachFault(visit: (reason: string, count: number) => void): void {
    for (const [at, reason] of LATE_REASONS.entries())
      if (this.faults[at]! > 0) visit(reason, this.faults[at]!);
  }

  #expectReasons(reasons: readonly RefusalReason[]): void {
    for (const reason of reasons) this.#reasons.add(reasonOf(reason));
  }

  #isMethodUsed(first: number): boolean {
    for (let at = first; at < first + STATUSES.length; at++) if (this.requests[at]! > 0) return true;
    return false;
  }

  /** A bug after the response had begun has the reason of a refusal, but not its status. */
  #countReason(reason: string, status: number): void {
    const late = LATE_INDEX.get(reason);
    if (late !== undefined && !(reason === 'internal_error' && status >= 500)) this.faults[late]! += 1;
    else this.refusals[reasonOf(reason)]! += 1;
  }
}

/** The reasons for which the gateway itself can refuse a request of a route, by its rules. */
function reasonsOf({ access, require, limits }: Route): readonly RefusalReason[] {
  const reasons: RefusalReason[] = [];
  if (access.kind === 'scoped') reasons.push('no_token', 'invalid_token');
  if (access.kind === 'scoped' && access.requirement.scopes.length > 0) reasons.push('insufficient_scope');
  if (require) reasons.push('insufficient_claims');
  if (limits.length > 0) reasons.push('rate_limited');
  return reasons;
}

function methodOf(method: string): number {
  return METHOD_INDEX.get(method) ?? LAST_METHOD;
}

function reasonOf(reason: string): number {
  return REASON_INDEX.get(reason) ?? LAST_REASON;
}

function indexOf(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, at) => [name, at]));
}
