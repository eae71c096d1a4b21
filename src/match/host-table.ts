/** Holds the routes for `match.ts` by host: a name goes before a wildcard, the longest wildcard first, then any host. */
import { coversHost, hostRank, isWildcard, normalHost } from '../model/host.js';
import type { Route } from '../model/route.js';
import { ReachableRoutes } from './reachable-routes.js';
import { RouteTable } from './route-table.js';

/** The routes of one gateway instance. Immutable. */
export class HostTable {
  /** By name, in its normal form. */
  readonly #named = new Map<string, ReachableRoutes>();
  /** By the part of a wildcard after its star: `.example.com`. */
  readonly #wildcards = new Map<string, ReachableRoutes>();
  /** For every other host; empty where each route has a host. */
  readonly #others: ReachableRoutes;
  /** The length of the longest key of `#wildcards`; 0 without any. */
  readonly #longestSuffix: number = 0;
  readonly #hasHosts: boolean;

  constructor(routes: readonly Route[]) {
    const tables = new Map<string | undefined, RouteTable>();
    for (const route of routes) {
      for (const pattern of route.hosts ?? [undefined]) {
        let table = tables.get(pattern);
        if (table === undefined) tables.set(pattern, (table = new RouteTable(hostRank(pattern))));
        table.add(route);
      }
    }
    const reachableFrom = (host: string | undefined): ReachableRoutes =>
      new ReachableRoutes(
        [...tables]
          .filter(([pattern]) => coversHost(pattern, host))
          .map(([, table]) => table)
          .sort((one, other) => other.hostRank - one.hostRank),
      );
    for (const pattern of tables.keys()) {
      if (pattern === undefined) continue;
      if (isWildcard(pattern)) {
        this.#wildcards.set(pattern.slice(1), reachableFrom(pattern));
        this.#longestSuffix = Math.max(this.#longestSuffix, pattern.length - 1);
      } else this.#named.set(pattern, reachableFrom(pattern));
    }
    this.#others = reachableFrom(undefined);
    this.#hasHosts = this.#named.size + this.#wildcards.size > 0;
  }

  /**
   * Returns the routes that a request can reach.
   *
   * @param host its Host field
   */
  reachable(host: string): ReachableRoutes {
    return this.#hasHosts ? this.#reachableFrom(normalHost(host)) : this.#others;
  }

  /** Looks up suffixes no longer than the file's, so that a long host costs no more than a short one. */
  #reachableFrom(host: string): ReachableRoutes {
    const named = this.#named.get(host);
    if (named !== undefined) return named;
    let dot = host.indexOf('.', Math.max(1, host.length - this.#longestSuffix));
    for (; dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const found = this.#wildcards.get(host.slice(dot));
      if (found !== undefined) return found;
    }
    return this.#others;
  }
}
