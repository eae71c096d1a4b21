/**
 * Counts what passes through this process, in buckets of ten seconds for the last hour. `src/app/observe.ts` feeds it; the
 * console reads it.
 *
 * Memory is bounded whatever callers send: only routes of the file and apps with a verified token have cells
 * (`traffic-cells.ts`), and finished buckets are compact and limited in sum.
 */
import type { ExchangeRecord } from '../model/record.js';
import { BUCKET_MS, KEPT_BUCKETS, type TrafficApp, type TrafficBucket } from './traffic-bucket.js';
import { TrafficCells } from './traffic-cells.js';

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
/** A reference to a route or an app. */
const REFERENCE_BYTES = 8;

export interface TrafficOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The most bytes of all finished buckets. Beyond it the oldest ones are dropped before their hour is over. */
  readonly maxBytes?: number;
  /** Called with each bucket that is finished and not empty. */
  readonly onFinished?: (bucket: TrafficBucket) => void;
}

/** The traffic of this process. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #cells = new TrafficCells();
  /** In the order of time. */
  #finished: TrafficBucket[] = [];
  #bytes = 0;
  #apps = new Map<string, Map<string, TrafficApp>>();
  #current: number;
  #advances = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#current = this.#bucketNow();
  }

  /** Counts an exchange that is over, in the current bucket. */
  add(record: ExchangeRecord): void {
    this.#cells.add(record);
  }

  /** Finishes the current bucket if its time is over. To be called every ten seconds; `buckets` calls it too. */
  advance(): void {
    const next = this.#bucketNow();
    // A clock that is set back has the bucket last longer.
    if (next <= this.#current) return;
    const at = this.#current;
    this.#current = next;
    if (!this.#cells.isEmpty) {
      const bucket = { at, ...this.#cells.encode(this.#intern) };
      this.#cells.clear();
      this.#finished.push(bucket);
      this.#bytes += sizeOf(bucket);
      this.#options.onFinished?.(bucket);
    }
    this.#drop();
  }

  /**
   * Returns the buckets of the last hour in the order of time, with the current one as it is now.
   *
   * @param from the first bucket that is wanted, by its `at`
   */
  buckets(from = 0): readonly TrafficBucket[] {
    this.advance();
    const wanted = this.#finished.filter(({ at }) => at >= from);
    return this.#cells.isEmpty
      ? wanted
      : [...wanted, { at: this.#current, ...this.#cells.encode(this.#intern) }];
  }

  #bucketNow(): number {
    return Math.floor(this.#options.now() / BUCKET_MS);
  }

  #drop(): void {
    const { maxBytes = DEFAULT_MAX_BYTES } = this.#options;
    const oldest = this.#current - KEPT_BUCKETS;
    let count = 0;
    for (const bucket of this.#finished) {
      if (bucket.at > oldest && this.#bytes <= maxBytes) break;
      this.#bytes -= sizeOf(bucket);
      count++;
    }
    if (count > 0) this.#finished.splice(0, count);
    // Apps that no bucket names any more are forgotten once an hour.
    if (++this.#advances % KEPT_BUCKETS === 0) this.#apps = new Map();
  }

  readonly #intern = (issuer: string, app: string): TrafficApp => {
    let apps = this.#apps.get(issuer);
    if (!apps) this.#apps.set(issuer, (apps = new Map<string, TrafficApp>()));
    let known = apps.get(app);
    if (!known) apps.set(app, (known = { issuer, app }));
    return known;
  };
}

function sizeOf({ routes, apps, cells }: TrafficBucket): number {
  return cells.length + REFERENCE_BYTES * (routes.length + apps.length);
}
