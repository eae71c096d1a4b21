/** The second step of the way: a request's target, read in the one way there is, and the route that it leads to. */
import type { RouteMatch } from '../model/decision.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import { decodedForms } from './decoded-forms.js';
import { hasEncodedSlash, normalForm, textsOf } from './normal-form.js';
import { ENCODED_SLASH, NO_ROUTE, methodNotAllowed } from './refusals.js';
import { RouteTable } from './route-table.js';
import { originForm, queryOf } from './target.js';

export interface MatchOptions {
  /** Whether `;` and `%3B` may stand in a path. */
  readonly allowSemicolon: boolean;
}

/** The path of a request in its normal form; undefined where the target is one that match refuses. */
export type ReadPath = (head: RequestHead) => string | undefined;

export function createReadPath({ allowSemicolon }: MatchOptions): ReadPath {
  return function readPath(head) {
    const target = originForm(head);
    if (target instanceof Refusal) return undefined;
    const mark = target.indexOf('?');
    if (queryOf(target, mark) instanceof Refusal) return undefined;
    const path = normalForm(mark === -1 ? target : target.slice(0, mark), allowSemicolon);
    return path instanceof Refusal ? undefined : path;
  };
}

/**
 * The other paths that a lenient server may read a path as, with dot segments resolved (`decoded-forms.ts`); empty for a
 * path in plain characters, undefined where they are too many.
 *
 * @param path in its normal form
 */
export function otherReadings(path: string): string[] | undefined {
  return decodedForms(path)?.map((segments) => `/${segments.join('/')}`);
}

export type Match = (head: RequestHead) => RouteMatch | Refusal;

export function createMatch(routes: readonly Route[], { allowSemicolon }: MatchOptions): Match {
  const table = new RouteTable(routes);

  return function match(head) {
    const target = originForm(head);
    if (target instanceof Refusal) return target;
    const mark = target.indexOf('?');
    const path = normalForm(mark === -1 ? target : target.slice(0, mark), allowSemicolon);
    if (path instanceof Refusal) return path;
    const query = queryOf(target, mark);
    if (query instanceof Refusal) return query;

    const texts = textsOf(path, table.maxSegments);
    const rule = table.find(texts, head.method);
    if (rule === undefined) return refuse(path, texts);
    const { route, rewrite } = rule;
    if (table.isShadowed(rule, path, texts, head.method))
      return route.allowEncodedSlash ? NO_ROUTE : noRoute(path);
    const onward = rewrite ? normalForm(rewrite(path), allowSemicolon) : path;
    if (onward instanceof Refusal) return onward;
    if (!route.allowEncodedSlash && (hasEncodedSlash(path) || hasEncodedSlash(onward))) return ENCODED_SLASH;
    return { route, path: onward, query };
  };

  /** No route has the method, or none the path; a path with an encoded slash is one only to routes that allow it. */
  function refuse(path: string, texts: readonly string[]): Refusal {
    const encodedSlash = hasEncodedSlash(path);
    const allowed: string[] = [];
    for (const [method, { route }] of table.findAll(path, texts)) {
      if (!encodedSlash || route.allowEncodedSlash) allowed.push(method);
    }
    return allowed.length > 0 ? methodNotAllowed(allowed) : noRoute(path);
  }
}

function noRoute(path: string): Refusal {
  return hasEncodedSlash(path) ? ENCODED_SLASH : NO_ROUTE;
}
