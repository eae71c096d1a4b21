/** The second step of the pipeline: finds the route of a request's target, which `readTarget` has normalized before. */
import type { RequestTarget, RouteMatch } from '../model/decision.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import { decodedForms } from './decoded-forms.js';
import { hasEncodedSlash, normalForm, textsOf } from './normal-form.js';
import { HostTable } from './host-table.js';
import type { ReachableRoutes } from './reachable-routes.js';
import { ENCODED_SLASH, NO_ROUTE, methodNotAllowed } from './refusals.js';
import { originForm, queryOf } from './target.js';

export { candidatesOf, similarRoutes, whyBefore } from './candidates.js';
export { foldedPath, foldedTexts } from './shape.js';

export interface MatchOptions {
  /** Whether a path may contain `;` and `%3B`. */
  readonly allowSemicolon: boolean;
}

/** Returns the path and query of a request's target, or why it is refused (400; 404 for `OPTIONS *`). Never throws. */
export type ReadTarget = (head: RequestHead) => RequestTarget | Refusal;

/** Creates the function that brings the target of a request into its normal form, once for each request. */
export function createReadTarget({ allowSemicolon }: MatchOptions): ReadTarget {
  return function readTarget(head) {
    const target = originForm(head);
    if (target instanceof Refusal) return target;
    const mark = target.indexOf('?');
    const path = normalForm(mark === -1 ? target : target.slice(0, mark), allowSemicolon);
    if (path instanceof Refusal) return path;
    const query = queryOf(target, mark);
    if (query instanceof Refusal) return query;
    return { path, query };
  };
}

/**
 * Returns the other paths that a lenient server may read a path as, with dot segments resolved (`decoded-forms.ts`).
 *
 * @param path in its normal form
 * @returns empty for a path in plain characters, undefined where there are too many
 */
export function otherReadings(path: string): string[] | undefined {
  return decodedForms(path)?.map(({ segments }) => `/${segments.join('/')}`);
}

/**
 * Returns the route with the path and query for the upstream, or why there is none (400, 404 or 405). Never throws.
 *
 * @param host the Host field; a target in absolute form names the same host (`target.ts`)
 */
export type Match = (target: RequestTarget, method: string, host: string) => RouteMatch | Refusal;

/**
 * Builds the route tables and creates the match step.
 *
 * @throws Error where a rewrite names a placeholder that its route does not have
 */
export function createMatch(routes: readonly Route[], { allowSemicolon }: MatchOptions): Match {
  const hosts = new HostTable(routes);

  return function match({ path, query }, method, host) {
    const reachable = hosts.reachable(host);
    const texts = textsOf(path, reachable.maxSegments);
    const rule = reachable.find(texts, method);
    if (rule === undefined) return refuse(path, texts, reachable);
    const { route, rewrite } = rule;
    if (reachable.isShadowed(rule, path, texts, method))
      return route.allowEncodedSlash ? NO_ROUTE : noRoute(path);
    const upstreamPath = rewrite ? normalForm(rewrite(path), allowSemicolon) : path;
    if (upstreamPath instanceof Refusal) return upstreamPath;
    if (!route.allowEncodedSlash && (hasEncodedSlash(path) || hasEncodedSlash(upstreamPath)))
      return ENCODED_SLASH;
    return { route, path: upstreamPath, matched: path, query };
  };

  /** Chooses between 404 and 405. A path with an encoded slash matches only routes that allow it. */
  function refuse(path: string, texts: readonly string[], reachable: ReachableRoutes): Refusal {
    const encodedSlash = hasEncodedSlash(path);
    const allowed: string[] = [];
    for (const [method, { route }] of reachable.findAll(path, texts)) {
      if (!encodedSlash || route.allowEncodedSlash) allowed.push(method);
    }
    return allowed.length > 0 ? methodNotAllowed(allowed) : noRoute(path);
  }
}

function noRoute(path: string): Refusal {
  return hasEncodedSlash(path) ? ENCODED_SLASH : NO_ROUTE;
}
