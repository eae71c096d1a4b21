/** What the page knows of scopes: segments joined by `:`, where a last `*` covers everything under the segments before it. */
import type { GrantableScopes } from '../api/apps';
import type { Session } from '../api/session';

export type GrantableScope = GrantableScopes['scopes'][number];

/** The scopes with the same first segment. */
export interface ScopeGroup {
  readonly name: string;
  readonly scopes: readonly GrantableScope[];
}

/** Tells whether a granted scope covers another. */
export function covers(granted: string, scope: string): boolean {
  if (granted === scope || granted === '*') return true;
  return granted.endsWith(':*') && scope.startsWith(granted.slice(0, -1));
}

/** Tells whether the person may grant a scope. */
export function mayGrant({ kind, scopes }: Session, scope: string): boolean {
  return kind === 'administrator' || scopes.some((own) => covers(own, scope));
}

/**
 * Groups scopes by their first segment. A group of several begins with the scope that covers all of it.
 * @param mayHave tells whether such a scope is offered
 */
export function groupScopes(
  scopes: readonly GrantableScope[],
  mayHave: (scope: string) => boolean,
): readonly ScopeGroup[] {
  const groups = new Map<string, GrantableScope[]>();
  for (const one of scopes) {
    const [name = ''] = one.scope.split(':', 1);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups].map(([name, members]) => {
    const whole = `${name}:*`;
    const under = members.filter(({ scope }) => covers(whole, scope));
    const isOffered = under.length > 1 && mayHave(whole) && !members.some(({ scope }) => scope === whole);
    const opens = [...new Set(under.flatMap((member) => member.opens))];
    return { name, scopes: isOffered ? [{ scope: whole, opens }, ...members] : members };
  });
}
