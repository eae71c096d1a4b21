/** The routes as match asks for them: the most specific one, and whether a more specific look-alike stands before it. */
import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../model/route.js';
import { decodedForms } from './decoded-forms.js';
import { createRewrite, type Rewrite } from './rewrite.js';
import { foldedPath, foldedTexts, shapeOf } from './shape.js';
import { Trie } from './trie.js';

export interface Rule {
  readonly route: Route;
  readonly rewrite: Rewrite | undefined;
  /** Whether nothing can be more specific. */
  readonly literal: boolean;
  /** The shape of the folded path. */
  readonly shape: string;
}

/** The methods that a `*` route is said to allow. */
const USUAL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

export class RouteTable {
  readonly #exact = new Trie<Rule>();
  readonly #folded = new Trie<Rule>();
  readonly #methods: readonly string[];
  /** No path needs to be taken apart into more segments: past the deepest route's one, only a rest can match. */
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
    // One more for the empty text of a trailing slash, which folding takes away.
    this.maxSegments = deepest + 2;
  }

  /** The most specific rule of a path and method; whether it may answer, `isOvershadowed` says. */
  find(texts: readonly string[], method: string): Rule | undefined {
    // A loop-back of the request (RFC 9110 9.3.8) and a tunnel through the gate (9.3.6): nobody's, under `*` too.
    if (method === 'TRACE' || method === 'CONNECT') return undefined;
    return this.#exact.find(texts, method);
  }

  /** The rules that may answer some method of a path, each with that method; sorted. */
  findAll(path: string, texts: readonly string[]): (readonly [method: string, rule: Rule])[] {
    return this.#methods.flatMap((method) => {
      const rule = this.find(texts, method);
      return rule && !this.isShadowed(rule, path, texts, method) ? [[method, rule] as const] : [];
    });
  }

  /**
   * Whether a stricter route would match the path if it were read a little differently: without regard to case or a
   * trailing slash, or decoded further. An upstream that reads it so would serve that route, past its scope. The found
   * rule's own folded path fits as well, so another shape can only be a more specific one.
   *
   * @param texts the segments of `path`, as `textsOf` gives them
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
 * Whether a request that `found` admits might be refused by `other`. Where the segments differ in number, a longer
 * path of the same beginning counts as more specific. A less specific route counts too where it is not open to the same
 * callers.
 */
function isStricter(other: Rule, found: Rule): boolean {
  if (other.route === found.route) return false;
  if (other.shape < found.shape || other.shape.startsWith(found.shape)) return true;
  const { access } = other.route;
  return access.kind !== 'public' && !isDeepStrictEqual(access, found.route.access);
}
