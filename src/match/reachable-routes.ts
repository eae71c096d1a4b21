/** The routes that requests for one host can reach: finds the first that matches, and detects a stricter similar one. */
import { isDeepStrictEqual } from 'node:util';
import { decodedForms } from './decoded-forms.js';
import type { RouteTable, Rule } from './route-table.js';
import { foldedTexts } from './shape.js';

/** The Allow field lists these for a `*` route. */
const USUAL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** The tables of one host: of its own name, of the wildcards that match it, of all hosts. Immutable. */
export class ReachableRoutes {
  readonly #tables: readonly RouteTable[];
  readonly #methods: readonly string[];
  /** The highest rank of the tables. */
  readonly #topRank: number;
  /** A path is split into this many segments at most: beyond the deepest route's, only a rest placeholder can match. */
  readonly maxSegments: number;

  /** @param tables the most specific first */
  constructor(tables: readonly RouteTable[]) {
    this.#tables = tables;
    this.#methods = [...new Set([...USUAL_METHODS, ...tables.flatMap(({ methods }) => [...methods])])].sort();
    this.#topRank = tables[0]?.hostRank ?? 0;
    // One more for the empty segment of a trailing slash, which folding removes.
    this.maxSegments = Math.max(0, ...tables.map(({ deepest }) => deepest)) + 2;
  }

  /**
   * Returns the rule of a path and method: of the most specific hosts that have one, the most specific path. The caller has
   * to check `isShadowed` before using it.
   */
  find(texts: readonly string[], method: string): Rule | undefined {
    // TRACE echoes the request (RFC 9110 9.3.8) and CONNECT tunnels through the gateway (9.3.6): not even `*` allows them.
    if (method === 'TRACE' || method === 'CONNECT') return undefined;
    for (const table of this.#tables) {
      const rule = table.find(texts, method);
      if (rule !== undefined) return rule;
    }
    return undefined;
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
   * matches as well, so a different shape is always a more specific one. A rewrite changes what `..` leads to, so a rewritten
   * path that an upstream may read with one counts too.
   *
   * @param texts the segments of `path`, as `textsOf` returns them
   */
  isShadowed(rule: Rule, path: string, texts: readonly string[], method: string): boolean {
    if (rule.literal && rule.hostRank === this.#topRank) return false;
    const folded = this.#findFolded(foldedTexts(texts), method);
    if (folded === undefined || folded.hostRank > rule.hostRank) return true;
    if (!rule.literal && folded.shape !== rule.shape) return true;
    const forms = decodedForms(path);
    if (forms === undefined) return true;
    for (const form of forms) {
      if (form.hasParent && rule.rewrite !== undefined) return true;
      const segments = form.segments.slice(0, this.maxSegments);
      const other = this.#findFolded(foldedTexts(segments), method);
      if (other !== undefined && isStricter({ rule: other, texts: segments }, { rule, texts })) return true;
    }
    return false;
  }

  #findFolded(folded: readonly string[], method: string): Rule | undefined {
    for (const table of this.#tables) {
      const rule = table.findFolded(folded, method);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }
}

interface Reading {
  readonly rule: Rule;
  /** The segments of the path, fully decoded. */
  readonly texts: readonly string[];
}

/**
 * Returns whether the route of `reading` might refuse a request that `matched` admits. A route of more specific hosts counts
 * as stricter. Where the numbers of segments differ, a longer path with the same beginning counts as more specific. A less
 * specific route counts too where it is not open to the same callers, and any route whose conditions see another value.
 */
function isStricter(reading: Reading, matched: Reading): boolean {
  const { rule: other } = reading;
  const { rule: found } = matched;
  if (other.route === found.route) return hasOtherValues(reading, matched);
  if (other.hostRank > found.hostRank) return true;
  if (found.literal) return false;
  const hasSameHosts = other.hostRank === found.hostRank;
  if (hasSameHosts && (other.shape < found.shape || other.shape.startsWith(found.shape))) return true;
  const { access, require } = other.route;
  if (access.kind === 'public') return false;
  return (
    !isDeepStrictEqual(access, found.route.access) ||
    !isDeepStrictEqual(require, found.route.require) ||
    hasOtherValues(reading, matched)
  );
}

/** Returns whether the parameters of equal conditions differ in a value. */
function hasOtherValues(reading: Reading, matched: Reading): boolean {
  return matched.rule.conditionAt.some(
    (at, index) => matched.texts[at] !== reading.texts[reading.rule.conditionAt[index]!],
  );
}
