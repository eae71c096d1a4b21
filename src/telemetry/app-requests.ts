/** The metric of requests by app, which `metrics.by_app` switches on: without it no app id is in the metrics. */
import type { ExchangeRecord } from '../model/record.js';
import { labelText } from './metric-family.js';
import type { MetricSet, Write } from './metric-set.js';
import { OTHER, STATUSES, statusIndexOf } from './route-counts.js';

/** How many apps have counts of their own; those that come later share one. */
const MAX_APPS = 1000;
/** An app with a longer id has no counts of its own. */
const MAX_ID_LENGTH = 256;

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

  addTo(metrics: MetricSet): void {
    const help = 'Requests of authenticated callers, by issuer, app and status.';
    metrics.add('counter', { name: 'tollgate_app_requests_total', help }, (write) => {
      for (const apps of this.#issuers.values())
        for (const counts of apps.values()) writeCounts(counts, write);
      if (this.#others) writeCounts(this.#others, write);
    });
  }

  #countsOf(issuer: string, app: string): AppCounts {
    const found = this.#issuers.get(issuer)?.get(app);
    if (found) return found;
    if (this.#size >= this.#maxApps || app.length > MAX_ID_LENGTH)
      return (this.#others ??= newCounts(OTHER, OTHER));
    const counts = newCounts(issuer, app);
    let apps = this.#issuers.get(issuer);
    if (!apps) this.#issuers.set(issuer, (apps = new Map<string, AppCounts>()));
    apps.set(app, counts);
    this.#size += 1;
    return counts;
  }
}

function newCounts(issuer: string, app: string): AppCounts {
  return { issuer, app, requests: new Float64Array(STATUSES.length) };
}

function writeCounts({ issuer, app, requests }: AppCounts, write: Write): void {
  const labels = `${labelText('issuer', issuer)},${labelText('app', app)}`;
  for (const [at, status] of STATUSES.entries())
    if (requests[at]! > 0) write(`${labels},status="${status}"`, requests[at]!);
}
