/** The metric of requests by app, which `metrics.by_app` switches on: without it no app id is in the metrics. */
import type { Registry } from 'prom-client';
import type { ExchangeRecord } from '../model/record.js';
import { registerCounter, type Sample } from './read-metric.js';
import { OTHER, STATUSES, statusIndexOf } from './route-counts.js';

/** How many apps have counts of their own; those that come later share one. */
const MAX_APPS = 1000;

interface AppCounts {
  readonly issuer: string;
  readonly app: string;
  /** By status. */
  readonly requests: Float64Array;
}

/** Counts the requests of each app, once the settings switch it on. */
export class AppRequests {
  readonly #maxApps: number;
  /** By issuer, then by app. */
  readonly #issuers = new Map<string, Map<string, AppCounts>>();
  #size = 0;
  #others: AppCounts | undefined;
  #isOn = false;

  constructor(maxApps = MAX_APPS) {
    this.#maxApps = maxApps;
  }

  /** Counts the request of a caller who was authenticated. */
  add({ principal, status }: ExchangeRecord): void {
    if (!this.#isOn || principal === undefined || principal.issuer === '') return;
    const { requests } = this.#countsOf(principal.issuer, principal.app);
    requests[statusIndexOf(status)]! += 1;
  }

  /** Begins to count, or forgets what was counted. */
  applySettings({ isOn, issuers }: { readonly isOn: boolean; readonly issuers: ReadonlySet<string> }): void {
    this.#isOn = isOn;
    for (const [issuer, apps] of this.#issuers) {
      if (isOn && issuers.has(issuer)) continue;
      this.#issuers.delete(issuer);
      this.#size -= apps.size;
    }
    if (!isOn) this.#others = undefined;
  }

  register(registry: Registry): void {
    const help = 'Requests of authenticated callers, by issuer, app and status.';
    registerCounter(registry, { name: 'tollgate_app_requests_total', help }, () => this.#samples());
  }

  #countsOf(issuer: string, app: string): AppCounts {
    const found = this.#issuers.get(issuer)?.get(app);
    if (found) return found;
    if (this.#size >= this.#maxApps) return (this.#others ??= newCounts(OTHER, OTHER));
    const counts = newCounts(issuer, app);
    let apps = this.#issuers.get(issuer);
    if (!apps) this.#issuers.set(issuer, (apps = new Map<string, AppCounts>()));
    apps.set(app, counts);
    this.#size += 1;
    return counts;
  }

  *#samples(): Iterable<Sample> {
    for (const apps of this.#issuers.values()) for (const counts of apps.values()) yield* samplesOf(counts);
    if (this.#others) yield* samplesOf(this.#others);
  }
}

function newCounts(issuer: string, app: string): AppCounts {
  return { issuer, app, requests: new Float64Array(STATUSES.length) };
}

function* samplesOf({ issuer, app, requests }: AppCounts): Iterable<Sample> {
  for (const [at, status] of STATUSES.entries())
    if (requests[at]! > 0) yield [{ issuer, app, status }, requests[at]!];
}
