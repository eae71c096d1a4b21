/** Holds the routes for `match.ts`: finds the most specific one and detects a stricter route with a similar path. */
import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../model/route.js';
import { decodedForms } from './decoded-forms.js';
import { createRewrite, type Rewrite } from './rewrite.js';
import { foldedPath, foldedTexts, shapeOf } from './shape.js';
import { Trie } from './trie.js';

export interface Rule {
  readonly route: Route;
  readonly rewrite: Rewrite | undefined;
  /** Whether all segments are literals, so that no route is more specific. */
  readonly literal: boolean;
  /** The shape of the folded path. */
  readonly shape: string;
}

/** The Allow field lists these for a `*` route. */
const USUAL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** The routes of one gateway instance, indexed by path and method. Immutable after construction. */
export class RouteTable {
  readonly #exact = new Trie<Rule>();
  readonly #folded = new Trie<Rule>();
  readonly #methods: readonly string[];
  /** A path is split into this many segments at most: beyond the deepest route's, only a rest placeholder can match. */
  readonly maxSegments: number;

  constructor(routes: readonly Route[]) {
    const methods = new Set(USUAL_METHODS);
    let deepest = 0;
    for (const route of routes) {
      const folded = foldedPath(route.path);
      const rule: Rule = {
        route,
        rewrite: createRewrite(route),
        literal: route.path.every(({ kind }) => kind === 'literal'),
        shape: shapeOf(folded),
      };
      this.#exact.add(route.path, route.methods, rule);
      this.#folded.add(folded, route.methods, rule);
      if (route.methods !== 'any') for (const method of route.methods) methods.add(method);
      deepest = Math.max(deepest, route.path.length);
    }
    this.#methods = [...methods].sort();
    // One more for the empty segment of a trailing slash, which folding removes.
    this.maxSegments = deepest + 2;
  }

  /** Returns the most specific rule of a path and method. The caller has to check `isShadowed` before using it. */
  find(texts: readonly string[], method: string): Rule | undefined {
    // TRACE echoes the request (RFC 9110 9.3.8) and CONNECT tunnels through the gateway (9.3.6): not even `*` allows them.
    if (method === 'TRACE' || method === 'CONNECT') return undefined;
    return this.#exact.find(texts, method);
  }

  /** Returns each method of a path that has a usable rule, with that rule, sorted by method. */
  findAll(path: string, texts: readonly string[]): (readonly [method: string, rule: Rule])[] {
    return this.#methods.flatMap((method) => {
      const rule = this.find(texts, method);
      return rule && !this.isShadowed(rule, path, texts, method) ? [[method, rule] as const] : [];
    });
  }

  /**
   * Returns whether a stricter route matches the path when case and a trailing slash are ignored or the path is decoded
   * further. An upstream that reads it so would serve that route without its scope check. The found rule's own folded path
   * matches as well, so a different shape is always a more specific one.
   *
   * @param texts the segments of `path`, as `textsOf` returns them
   */
  isShadowed(rule: Rule, path: string, texts: readonly string[], method: string): boolean {
    if (rule.literal) return false;
    if (this.#folded.find(foldedTexts(texts), method)?.shape !== rule.shape) return true;
    const forms = decodedForms(path);
    if (forms === undefined) return true;
    for (const form of forms) {
      const other = this.#folded.find(foldedTexts(form.slice(0, this.maxSegments)), method);
      if (other !== undefined && isStricter(other, rule)) return true;
    }
    return false;
  }
}

/**
 * Returns whether `other` might refuse a request that `found` admits. Where the numbers of segments differ, a longer path
 * with the same beginning counts as more specific. A less specific route counts too where it is not open to the same
 * callers.
 */
function isStricter(other: Rule, found: Rule): boolean {
  if (other.route === found.route) return false;
  if (other.shape < found.shape || other.shape.startsWith(found.shape)) return true;
  const { access } = other.route;
  return access.kind !== 'public' && !isDeepStrictEqual(access, found.route.access);
}
