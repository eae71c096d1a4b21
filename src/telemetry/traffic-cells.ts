/**
 * The counts of the current bucket: one row of numbers for each route and app, in one array. Used by `traffic.ts`.
 *
 * Counting costs three lookups and a few increments; it allocates only where a route and an app meet for the first time in
 * a bucket.
 */
import type { Principal } from '../model/principal.js';
import type { ExchangeRecord } from '../model/record.js';
import { LATENCY_CLASSES, latencyClassOf } from './latency-scale.js';
import { isRefusal } from './recent-refusals.js';
import { CellWriter, FIRST_APP, NO_APP, OTHER_APP, type TrafficApp } from './traffic-bucket.js';

/** The most pairs of a route and an app in a bucket. Further ones are counted at the route, without the app. */
export const MAX_PAIRS = 1000;
/** A longer id is counted without the app, so that names take little memory. */
const MAX_ID = 256;
/** The most reasons, which are fixed texts of the gateway. Further ones are counted as the first, OTHER_REASON. */
const REASONS = 56;
const OTHER_REASON = 'other';

/** Where the numbers of a cell are. */
const REQUESTS = 0;
const FAILED = 1;
const REFUSED = 2;
const SHADOW = REFUSED + REASONS;
const DURATIONS = SHADOW + REASONS;
const CELL_SIZE = DURATIONS + LATENCY_CLASSES;
const FIRST_CELLS = 16;

/** A tunnel's duration is no latency. */
const SWITCHING_PROTOCOLS = 101;

interface RouteCells {
  readonly label: string;
  /** The cell of callers without an app; -1: none yet. */
  withoutApp: number;
  others: number;
  /** By issuer and app id. */
  readonly byIssuer: Map<string, Map<string, number>>;
}

/** What a bucket consists of, besides its time. */
export interface EncodedCells {
  readonly routes: readonly string[];
  readonly apps: readonly TrafficApp[];
  readonly reasons: readonly string[];
  readonly cells: Uint8Array;
}

/** The counts of one bucket. Empty at first, and after `clear`. */
export class TrafficCells {
  #counts = new Uint32Array(FIRST_CELLS * CELL_SIZE);
  /** How much of `#counts` is in use. */
  #end = 0;
  #pairs = 0;
  #routes = new Map<string, RouteCells>();
  readonly #reasons: string[] = [OTHER_REASON];
  readonly #reasonPlaces = new Map<string, number>([[OTHER_REASON, 0]]);

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /** Counts an exchange. */
  add(record: ExchangeRecord): void {
    const { route, endpoint, principal, status, reason, shadow, durationMs } = record;
    const cell = this.#cellOf(route === undefined ? (endpoint ?? 'none') : route.label, principal);
    const counts = this.#counts;
    counts[cell + REQUESTS]! += 1;
    if (status >= 500) counts[cell + FAILED]! += 1;
    else if (reason !== undefined && isRefusal(record)) counts[cell + REFUSED + this.#placeOf(reason)]! += 1;
    if (shadow !== undefined) counts[cell + SHADOW + this.#placeOf(shadow.reason)]! += 1;
    if (status !== SWITCHING_PROTOCOLS) counts[cell + DURATIONS + latencyClassOf(durationMs)]! += 1;
  }

  /**
   * Returns the counts in the form of a bucket.
   *
   * @param intern returns one object for equal apps, so that the buckets share it
   */
  encode(intern: (issuer: string, app: string) => TrafficApp): EncodedCells {
    const writer = new CellWriter();
    const apps = new Map<TrafficApp, number>();
    let route = 0;
    for (const { withoutApp, others, byIssuer } of this.#routes.values()) {
      if (withoutApp >= 0) this.#write(writer, route, NO_APP, withoutApp);
      if (others >= 0) this.#write(writer, route, OTHER_APP, others);
      for (const [issuer, cells] of byIssuer)
        for (const [id, cell] of cells) {
          const app = intern(issuer, id);
          let place = apps.get(app);
          if (place === undefined) apps.set(app, (place = apps.size));
          this.#write(writer, route, FIRST_APP + place, cell);
        }
      route++;
    }
    const routes = [...this.#routes.keys()];
    return { routes, apps: [...apps.keys()], reasons: this.#reasons.slice(), cells: writer.take() };
  }

  clear(): void {
    this.#counts.fill(0, 0, this.#end);
    this.#end = 0;
    this.#pairs = 0;
    this.#routes = new Map();
  }

  #cellOf(label: string, principal: Principal | undefined): number {
    const route = this.#routes.get(label) ?? this.#addRoute(label);
    if (principal === undefined || principal.app === '') {
      if (route.withoutApp < 0) route.withoutApp = this.#newCell();
      return route.withoutApp;
    }
    return route.byIssuer.get(principal.issuer)?.get(principal.app) ?? this.#addApp(route, principal);
  }

  #addRoute(label: string): RouteCells {
    const route: RouteCells = { label, withoutApp: -1, others: -1, byIssuer: new Map() };
    this.#routes.set(label, route);
    return route;
  }

  #addApp(route: RouteCells, { issuer, app }: Principal): number {
    if (this.#pairs >= MAX_PAIRS || app.length > MAX_ID) {
      if (route.others < 0) route.others = this.#newCell();
      return route.others;
    }
    this.#pairs++;
    let apps = route.byIssuer.get(issuer);
    if (!apps) route.byIssuer.set(issuer, (apps = new Map<string, number>()));
    const cell = this.#newCell();
    apps.set(app, cell);
    return cell;
  }

  #newCell(): number {
    const cell = this.#end;
    this.#end += CELL_SIZE;
    if (this.#end > this.#counts.length) {
      const grown = new Uint32Array(this.#counts.length * 2);
      grown.set(this.#counts);
      this.#counts = grown;
    }
    return cell;
  }

  #placeOf(reason: string): number {
    const known = this.#reasonPlaces.get(reason);
    if (known !== undefined) return known;
    if (this.#reasons.length >= REASONS) return 0;
    this.#reasonPlaces.set(reason, this.#reasons.length);
    return this.#reasons.push(reason) - 1;
  }

  #write(writer: CellWriter, route: number, app: number, cell: number): void {
    const counts = this.#counts;
    writer.number(route);
    writer.number(app);
    writer.number(counts[cell + REQUESTS]!);
    writer.number(counts[cell + FAILED]!);
    writer.pairs(counts, cell + REFUSED, cell + SHADOW, false);
    writer.pairs(counts, cell + SHADOW, cell + DURATIONS, false);
    writer.pairs(counts, cell + DURATIONS, cell + CELL_SIZE, true);
  }
}
