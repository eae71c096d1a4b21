/** The path that the upstream gets, where a route's `rewrite` makes it from the segments that were matched. */
import type { RewriteSegment, Route } from '../model/route.js';

/** Makes the upstream's path from a normal form. */
export type Rewrite = (path: string) => string;

/** @param route one whose rewrite names a placeholder that it does not have is a bug of the one who made it */
export function createRewrite({ match, path, rewrite }: Route): Rewrite | undefined {
  if (rewrite === undefined) return undefined;

  const parts = rewrite.map((part: RewriteSegment) => {
    if (part.kind === 'literal') return part.text;
    const at = path.findIndex((segment) => segment.kind !== 'literal' && segment.name === part.name);
    if (at === -1) throw new Error(`${match}: the rewrite's {${part.name}} is no placeholder of the route`);
    return { at, end: path[at]?.kind === 'rest' ? undefined : at + 1 };
  });

  return (matched) => {
    const segments = matched.slice(1).split('/');
    let rewritten = '';
    for (const part of parts) {
      rewritten += typeof part === 'string' ? `/${part}` : `/${segments.slice(part.at, part.end).join('/')}`;
    }
    return rewritten === '' ? '/' : rewritten;
  };
}
