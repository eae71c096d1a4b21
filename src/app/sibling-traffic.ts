/**
 * The traffic of all workers of a gateway, for `traffic.ts`. While the console goes on asking, only what is new passes between
 * the processes: an hour of a busy gateway is megabytes.
 */
import { BUCKET_MS, KEPT_BUCKETS, type TrafficBucket } from '../telemetry/traffic-bucket.js';
import type { TrafficProcess } from '../telemetry/shared-traffic.js';

/** The traffic of one process of a gateway. */
export interface ProcessTraffic extends TrafficProcess {
  readonly buckets: readonly TrafficBucket[];
}

export interface SiblingTrafficOptions {
  /** Returns the traffic of all workers that respond in time, from a bucket on. */
  readonly collect: (from: number) => Promise<readonly ProcessTraffic[]>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What was collected is forgotten when nobody asks for this long. */
const FORGET_MS = 60_000;

/** Collects. */
export class SiblingTraffic {
  readonly #options: SiblingTrafficOptions;
  /** By process, then by the time of a bucket. */
  #known = new Map<string, Map<number, TrafficBucket>>();
  /** What is known begins with this bucket. */
  #from = Infinity;
  /** The bucket that was not over when the processes were last asked. */
  #last = 0;
  #askedAtMs = -Infinity;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: SiblingTrafficOptions) {
    this.#options = options;
  }

  /** Returns the traffic of all workers from a bucket on. Rejects where the primary does not respond. */
  read(from: number): Promise<readonly ProcessTraffic[]> {
    // One at a time: the next reading finds what this one has read.
    const reading = this.#reading.then(() => this.#read(from));
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /** Forgets what was collected, if nobody has asked for a minute. */
  forget(): void {
    if (this.#options.now() - this.#askedAtMs < FORGET_MS) return;
    this.#known = new Map();
    this.#from = Infinity;
  }

  async #read(from: number): Promise<readonly ProcessTraffic[]> {
    const nowMs = this.#options.now();
    this.#askedAtMs = nowMs;
    const current = Math.floor(nowMs / BUCKET_MS);
    let found = from >= this.#from ? await this.#options.collect(Math.max(from, this.#last)) : undefined;
    // Of a process that did not respond the last time, all is needed.
    if (!found?.every((one) => this.#known.has(one.process))) {
      found = await this.#options.collect(from);
      this.#known = new Map();
      this.#from = from;
    }
    this.#last = current;
    // A process that has not responded misses what is new now.
    const known = this.#known;
    this.#known = new Map(
      found.map(({ process }) => [process, known.get(process) ?? new Map<number, TrafficBucket>()]),
    );
    return found.map((one) => ({ ...one, buckets: this.#merge(one, from, current - KEPT_BUCKETS) }));
  }

  /** Adds what is new of a process, and returns all of it. */
  #merge({ process, buckets }: ProcessTraffic, from: number, oldest: number): readonly TrafficBucket[] {
    const known = this.#known.get(process)!;
    for (const at of known.keys()) if (at <= oldest) known.delete(at);
    for (const bucket of buckets) known.set(bucket.at, bucket);
    return [...known.values()].filter(({ at }) => at >= from);
  }
}
