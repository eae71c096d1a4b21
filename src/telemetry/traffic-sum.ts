/** Adds up buckets of traffic, of one gateway or several: by time, by endpoint and by app. */
import { LATENCY_CLASSES } from './latency-scale.js';
import {
  FIRST_APP,
  forEachCell,
  type TrafficApp,
  type TrafficBucket,
  type TrafficCell,
} from './traffic-bucket.js';

export interface TrafficRange {
  /** The first bucket of the first step. */
  readonly from: number;
  readonly steps: number;
  /** How many buckets a step has. */
  readonly stepBuckets: number;
  /** Whether the traffic of an app is added; undefined: of every app, and what has no app. */
  readonly includes?: ((app: TrafficApp) => boolean) | undefined;
}

export interface EndpointSum {
  requests: number;
  refused: number;
  shadow: number;
  /** By latency class. */
  readonly durations: Float64Array;
}

export interface AppSum extends TrafficApp {
  requests: number;
  refused: number;
  /** By step. */
  readonly requestsByStep: Uint32Array;
  readonly rateLimitedByStep: Uint32Array;
}

/** Each array has one value for each step. */
export interface TrafficSum {
  readonly requests: Float64Array;
  /** Neither refused nor failed. */
  readonly admitted: Float64Array;
  /** Refusals with a status below 500, by reason. */
  readonly refused: Map<string, Float64Array>;
  /** Responses with a status from 500, of the gateway or of upstreams. */
  readonly failed: Float64Array;
  readonly shadow: Map<string, Float64Array>;
  /** By latency class. */
  readonly durations: readonly Float64Array[];
  /** By label. */
  readonly endpoints: Map<string, EndpointSum>;
  readonly apps: readonly AppSum[];
}

/** About a millisecond of work. */
const YIELD_AFTER_BYTES = 64 * 1024;

/** Adds up the buckets in a range. Lets requests through in between: a full hour can take a tenth of a second. */
export async function sumTraffic(buckets: Iterable<TrafficBucket>, range: TrafficRange): Promise<TrafficSum> {
  const sum = new Sum(range);
  let bytes = 0;
  for (const bucket of buckets) {
    sum.add(bucket);
    bytes += bucket.cells.length;
    if (bytes < YIELD_AFTER_BYTES) continue;
    bytes = 0;
    await new Promise(setImmediate);
  }
  return sum;
}

class Sum implements TrafficSum {
  readonly requests: Float64Array;
  readonly admitted: Float64Array;
  readonly failed: Float64Array;
  readonly refused = new Map<string, Float64Array>();
  readonly shadow = new Map<string, Float64Array>();
  readonly durations: readonly Float64Array[];
  readonly endpoints = new Map<string, EndpointSum>();
  readonly #apps = new Map<string, Map<string, AppSum>>();
  readonly #range: TrafficRange;

  constructor(range: TrafficRange) {
    const { steps } = range;
    this.#range = range;
    this.requests = new Float64Array(steps);
    this.admitted = new Float64Array(steps);
    this.failed = new Float64Array(steps);
    this.durations = Array.from({ length: steps }, () => new Float64Array(LATENCY_CLASSES));
  }

  get apps(): readonly AppSum[] {
    return [...this.#apps.values()].flatMap((apps) => [...apps.values()]);
  }

  add(bucket: TrafficBucket): void {
    const { from, steps, stepBuckets, includes } = this.#range;
    const step = Math.floor((bucket.at - from) / stepBuckets);
    if (step < 0 || step >= steps) return;
    const included = bucket.apps.map((app) => (includes === undefined || includes(app) ? app : undefined));
    const rateLimited = bucket.reasons.indexOf('rate_limited');
    forEachCell(bucket.cells, (cell) => {
      const app = included[cell.app - FIRST_APP];
      if (app === undefined && includes !== undefined) return;
      const refused = this.#addTotals(bucket, cell, step);
      this.#addEndpoint(bucket.routes[cell.route] ?? 'none', cell, refused);
      if (app) this.#addApp(app, cell, step, refused, rateLimited);
    });
  }

  /** Returns how many requests of the cell were refused. */
  #addTotals({ reasons }: TrafficBucket, cell: TrafficCell, step: number): number {
    const refused = this.#addReasons(this.refused, reasons, cell.refused, step);
    this.#addReasons(this.shadow, reasons, cell.shadow, step);
    this.requests[step]! += cell.requests;
    this.failed[step]! += cell.failed;
    this.admitted[step]! += cell.requests - cell.failed - refused;
    addPairs(this.durations[step]!, cell.durations);
    return refused;
  }

  #addReasons(
    to: Map<string, Float64Array>,
    reasons: readonly string[],
    pairs: readonly number[],
    step: number,
  ): number {
    for (let at = 0; at < pairs.length; at += 2) {
      const reason = reasons[pairs[at]!] ?? 'other';
      let series = to.get(reason);
      if (!series) to.set(reason, (series = new Float64Array(this.#range.steps)));
      series[step]! += pairs[at + 1]!;
    }
    return countsOf(pairs);
  }

  #addEndpoint(label: string, { requests, shadow, durations }: TrafficCell, refused: number): void {
    let endpoint = this.endpoints.get(label);
    if (!endpoint) {
      endpoint = { requests: 0, refused: 0, shadow: 0, durations: new Float64Array(LATENCY_CLASSES) };
      this.endpoints.set(label, endpoint);
    }
    endpoint.requests += requests;
    endpoint.refused += refused;
    endpoint.shadow += countsOf(shadow);
    addPairs(endpoint.durations, durations);
  }

  #addApp(
    { issuer, app }: TrafficApp,
    cell: TrafficCell,
    step: number,
    refused: number,
    rateLimited: number,
  ): void {
    let apps = this.#apps.get(issuer);
    if (!apps) this.#apps.set(issuer, (apps = new Map<string, AppSum>()));
    let sum = apps.get(app);
    if (!sum) {
      const { steps } = this.#range;
      sum = {
        issuer,
        app,
        requests: 0,
        refused: 0,
        requestsByStep: new Uint32Array(steps),
        rateLimitedByStep: new Uint32Array(steps),
      };
      apps.set(app, sum);
    }
    sum.requests += cell.requests;
    sum.refused += refused;
    sum.requestsByStep[step]! += cell.requests;
    for (let at = 0; at < cell.refused.length; at += 2)
      if (cell.refused[at] === rateLimited) sum.rateLimitedByStep[step]! += cell.refused[at + 1]!;
  }
}

function countsOf(pairs: readonly number[]): number {
  let count = 0;
  for (let at = 1; at < pairs.length; at += 2) count += pairs[at]!;
  return count;
}

function addPairs(to: Float64Array, pairs: readonly number[]): void {
  for (let at = 0; at < pairs.length; at += 2) {
    const index = pairs[at]!;
    if (index < to.length) to[index]! += pairs[at + 1]!;
  }
}
