/** Makes the path for the upstream from a route's `rewrite` and the matched segments. Called by `route-table.ts`. */
import type { RewriteSegment, Route } from '../model/route.js';

/** Makes the upstream's path from the matched path, which is in its normal form. */
export type Rewrite = (path: string) => string;

/**
 * Compiles a route's rewrite; undefined where the route has none.
 *
 * @throws Error where the rewrite names a placeholder that the route does not have, which the configuration rules out
 */
export function createRewrite({ match, path, rewrite }: Route): Rewrite | undefined {
  if (rewrite === undefined) return undefined;

  const parts = rewrite.map((part: RewriteSegment) => {
    if (part.kind === 'literal') return part.text;
    const at = path.findIndex((segment) => segment.kind !== 'literal' && segment.name === part.name);
    if (at === -1)
      throw new Error(`${match}: the rewrite's {${part.name}} is not a placeholder of the route`);
    return { at, end: path[at]?.kind === 'parameter' ? at + 1 : undefined };
  });

  return (matched) => {
    const segments = matched.slice(1).split('/');
    let rewritten = '';
    for (const [index, part] of parts.entries()) {
      if (typeof part === 'string') rewritten += `/${part}`;
      // An optional rest without segments adds nothing.
      else if (segments.length > part.at) {
        const value = segments.slice(part.at, part.end);
        // A trailing slash stays at the end only; elsewhere it would be an empty segment.
        if (index < parts.length - 1 && value.at(-1) === '') value.pop();
        if (value.length > 0) rewritten += `/${value.join('/')}`;
      }
    }
    return rewritten === '' ? '/' : rewritten;
  };
}
