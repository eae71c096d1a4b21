/**
 * What passed through a gateway in ten seconds, in a compact form: one cell for each route and app. Made by
 * `traffic-cells.ts`, read by `traffic-sum.ts`.
 *
 * A cell is a row of numbers in LEB128: route, app, requests, failed; then three lists, each with its length and pairs:
 * refusals by reason, refusals in shadow by reason, and requests by latency class, of which the first number of each pair is
 * the difference to the one before.
 */

/** How long a bucket lasts. */
export const BUCKET_MS = 10_000;
/** An hour: how many buckets are kept. */
export const KEPT_BUCKETS = 360;

/** An app: equal ids of two issuers are different apps. */
export interface TrafficApp {
  readonly issuer: string;
  readonly app: string;
}

export interface TrafficBucket {
  /** Epoch milliseconds of its beginning, divided by BUCKET_MS. */
  readonly at: number;
  /** Labels of routes, names of the gateway's own endpoints, and `none`. */
  readonly routes: readonly string[];
  readonly apps: readonly TrafficApp[];
  readonly reasons: readonly string[];
  readonly cells: Uint8Array;
}

/** The traffic of several gateways. */
export interface CollectedTraffic {
  readonly buckets: readonly TrafficBucket[];
  /** How many gateways are added up, the own one included. */
  readonly gateways: number;
}

/** Requests without an app, and those of apps that are not told apart: the values of `app` in a cell below FIRST_APP. */
export const NO_APP = 0;
export const OTHER_APP = 1;
export const FIRST_APP = 2;

/** One cell. The same object is used for the next cell. */
export interface TrafficCell {
  /** Its place in `routes`. */
  route: number;
  /** NO_APP, OTHER_APP, or FIRST_APP plus its place in `apps`. */
  app: number;
  requests: number;
  /** Responses with a status from 500. */
  failed: number;
  /** Alternating places in `reasons` and counts. */
  readonly refused: number[];
  readonly shadow: number[];
  /** Alternating latency classes and counts. */
  readonly durations: number[];
}

/**
 * Calls a function with each cell.
 *
 * @throws RangeError where the bytes are not cells
 */
export function forEachCell(bytes: Uint8Array, visit: (cell: TrafficCell) => void): void {
  const reader = new Reader(bytes);
  const cell: TrafficCell = {
    route: 0,
    app: 0,
    requests: 0,
    failed: 0,
    refused: [],
    shadow: [],
    durations: [],
  };
  while (reader.hasMore) {
    cell.route = reader.number();
    cell.app = reader.number();
    cell.requests = reader.number();
    cell.failed = reader.number();
    reader.pairs(cell.refused);
    reader.pairs(cell.shadow);
    reader.pairs(cell.durations);
    for (let at = 2; at < cell.durations.length; at += 2) cell.durations[at]! += cell.durations[at - 2]!;
    visit(cell);
  }
}

/** Reads numbers below 2 ** 32. */
class Reader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get hasMore(): boolean {
    return this.#at < this.bytes.length;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError('not a bucket of traffic');
  }

  pairs(list: number[]): void {
    const count = this.number();
    if (count > this.bytes.length) throw new RangeError('not a bucket of traffic');
    list.length = 0;
    for (let index = 0; index < 2 * count; index++) list.push(this.number());
  }
}

/** Writes numbers below 2 ** 32 to a buffer that grows. */
export class CellWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  number(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow();
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 128) + 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /**
   * Writes the counts that are not 0, as pairs.
   *
   * @param isByDifference whether the first number of a pair is the difference to the one before
   */
  pairs(counts: Uint32Array, from: number, to: number, isByDifference: boolean): void {
    let count = 0;
    for (let at = from; at < to; at++) if (counts[at] !== 0) count++;
    this.number(count);
    let last = from;
    for (let at = from; count > 0 && at < to; at++) {
      if (counts[at] === 0) continue;
      this.number(at - last);
      this.number(counts[at]!);
      if (isByDifference) last = at;
      count--;
    }
  }

  /** Returns what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
