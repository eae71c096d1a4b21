/** The routes of one host pattern, for `host-table.ts`: finds the most specific one of a path and method. */
import type { Route } from '../model/route.js';
import { createRewrite, type Rewrite } from './rewrite.js';
import { foldedPath, shapeOf } from './shape.js';
import { Trie } from './trie.js';

export interface Rule {
  readonly route: Route;
  readonly rewrite: Rewrite | undefined;
  /** Whether all segments are literals, so that no route of the same hosts is more specific. */
  readonly literal: boolean;
  /** The shape of the folded path. */
  readonly shape: string;
  /** The positions in the path of the parameters that the route's conditions name, in the order of the conditions. */
  readonly conditionAt: readonly number[];
  /** How specific the hosts of its table are (`hostRank`). */
  readonly hostRank: number;
}

/** Routes indexed by path and method. Immutable once all routes are added. */
export class RouteTable {
  readonly #exact = new Trie<Rule>();
  readonly #folded = new Trie<Rule>();
  readonly #methods = new Set<string>();
  #deepest = 0;

  /** @param hostRank how specific the table's hosts are */
  constructor(readonly hostRank: number) {}

  add(route: Route): void {
    const folded = foldedPath(route.path);
    const rule: Rule = {
      route,
      rewrite: createRewrite(route),
      literal: route.path.every(({ kind }) => kind === 'literal'),
      shape: shapeOf(folded),
      conditionAt: conditionPositions(route),
      hostRank: this.hostRank,
    };
    this.#exact.add(route.path, route.methods, rule);
    this.#folded.add(folded, route.methods, rule);
    if (route.methods !== 'any') for (const method of route.methods) this.#methods.add(method);
    this.#deepest = Math.max(this.#deepest, route.path.length);
  }

  /** The methods that its routes name. */
  get methods(): ReadonlySet<string> {
    return this.#methods;
  }

  /** The number of segments of its deepest route. */
  get deepest(): number {
    return this.#deepest;
  }

  /** Returns the most specific rule of a path and method. */
  find(texts: readonly string[], method: string): Rule | undefined {
    return this.#exact.find(texts, method);
  }

  /** The same for a path without case and trailing slash, as `foldedTexts` returns it. */
  findFolded(folded: readonly string[], method: string): Rule | undefined {
    return this.#folded.find(folded, method);
  }
}

function conditionPositions({ path, require = [] }: Route): number[] {
  return require.flatMap(({ parameter }) =>
    parameter === undefined
      ? []
      : [path.findIndex((segment) => segment.kind === 'parameter' && segment.name === parameter)],
  );
}
