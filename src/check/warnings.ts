/**
 * The warnings of `tollgate check` that need the compiled routes: which the gateway's own matching never chooses, which
 * nobody can open, and which open a part of another. `src/config/check/` has those of single values.
 */
import type { LoadedConfig, Problem } from '../config/config.js';
import { createMatch, type Match } from '../match/match.js';
import { Refusal } from '../model/refusal.js';
import type { Access, Route, Segment } from '../model/route.js';
import type { Expectation, Settings } from '../model/settings.js';
import { acceptedIssuers, openingIssuers, ungrantedScopes } from './grants.js';
import { commonMethod, commonPath, exampleHost, exampleMethods, examplePaths } from './witness.js';

type Loaded = Pick<LoadedConfig, 'settings' | 'expectations' | 'problemAt'>;

/** Returns the warnings, in the order of the routes. */
export function findWarnings({ settings, expectations, problemAt }: Loaded): readonly Problem[] {
  const match = createMatch(settings.routes, settings);
  const deepest = Math.max(0, ...settings.routes.map(({ path }) => path.length));
  const scoped = indexScoped(settings.routes);
  return settings.routes.flatMap((route, index) => {
    const warnings: Problem[] = [];
    const warn = (key: string, text: string | undefined): void => {
      if (text !== undefined) warnings.push(problemAt(['routes', index, key], text));
    };
    warn('match', unreachable(route, match, deepest));
    warn('scope', unopenable(route, settings));
    warn('match', opensPart(route, scoped, match, expectations));
    return warnings;
  });
}

/** Says for which methods other routes get every request that a route matches. */
function unreachable(route: Route, match: Match, deepest: number): string | undefined {
  const lost: { readonly method: string; readonly winners: ReadonlySet<Route | Refusal> }[] = [];
  const methods = exampleMethods(route);
  for (const method of methods) {
    const winners = winnersOver(route, method, match, deepest);
    if (winners) lost.push({ method, winners });
  }
  const [first] = lost;
  if (!first) return undefined;
  const when = lost.length < methods.length ? ` with ${lost.map(({ method }) => method).join(' or ')}` : '';
  return `this route is never reached${when}: ${reasonOf([...first.winners])}`;
}

function reasonOf(winners: readonly (Route | Refusal)[]): string {
  const routes = winners.filter((winner): winner is Route => !(winner instanceof Refusal));
  const [first] = winners;
  if (first instanceof Refusal)
    return `a request for it is refused with ${first.status}, since its path is too much like that of another route`;
  const names = routes.map(nameOf).join(', ');
  return routes.length === 1
    ? `${names} matches every request for it`
    : `other routes match every request for it: ${names}`;
}

/** Returns undefined as soon as one example reaches the route; otherwise all that the examples reach instead. */
function winnersOver(
  route: Route,
  method: string,
  match: Match,
  deepest: number,
): ReadonlySet<Route | Refusal> | undefined {
  const winners = new Set<Route | Refusal>();
  for (const host of route.hosts ?? [undefined]) {
    for (const path of examplePaths(route.path, deepest)) {
      const found = match({ path, query: '' }, method, exampleHost(host));
      if (!(found instanceof Refusal) && found.route === route) return undefined;
      winners.add(found instanceof Refusal ? found : found.route);
    }
  }
  return winners;
}

/** Says which scopes no token can have. */
function unopenable(route: Route, { issuers }: Settings): string | undefined {
  const isShadow = hasScopes(route.shadow?.access);
  const access = (isShadow ? route.shadow : route)!.access;
  if (access.kind === 'public' || acceptedIssuers(access, issuers).length === 0) return undefined;
  const names = acceptedIssuers(access, issuers)
    .map(({ name }) => name)
    .join(', ');
  const missing = ungrantedScopes(access, issuers);
  const isNobody = openingIssuers(access, issuers).length === 0;
  const inShadow = ', so nobody could open this route without "shadow"';
  const nobody = isNobody ? (isShadow ? inShadow : ', so nobody can open this route') : '';
  if (missing.length > 0) {
    const scopes = missing.map((scope) => `"${scope}"`).join(', ');
    return `no issuer may grant ${scopes}${nobody}; correct the scope, or add it to "grants" (of ${names})`;
  }
  return nobody === ''
    ? undefined
    : `no single issuer may grant all of these scopes${nobody}; add them to the "grants" of one (of ${names})`;
}

function hasScopes(access: Access | undefined): boolean {
  return access?.kind === 'scoped' && access.requirement.scopes.length > 0;
}

/** Routes with a scope by the literal that their path begins with; undefined: a placeholder. */
type Scoped = ReadonlyMap<string | undefined, readonly Route[]>;

function indexScoped(routes: readonly Route[]): Scoped {
  const index = new Map<string | undefined, Route[]>();
  for (const route of routes) {
    if (route.access.kind !== 'scoped') continue;
    const literal = firstLiteral(route.path);
    const known = index.get(literal);
    if (known) known.push(route);
    else index.set(literal, [route]);
  }
  return index;
}

function firstLiteral([first]: readonly Segment[]): string | undefined {
  return first?.kind === 'literal' ? first.text : undefined;
}

/** How a route needs less than one with a scope, and the case by which the file says that this is intended. */
interface Opening {
  readonly what: string;
  /** What the other route needs. */
  readonly needs: string;
  readonly intention: string;
  /** Whether the other route needs more. */
  readonly isLess: (other: Access) => boolean;
  readonly isIntended: (expectation: Expectation) => boolean;
}

const PUBLIC: Opening = {
  what: 'this public route opens a part of',
  needs: 'a token',
  intention: 'without scopes',
  isLess: () => true,
  isIntended: ({ scopes }) => scopes === undefined,
};
const WITHOUT_SCOPE: Opening = {
  what: 'this route needs no scope and opens a part of',
  needs: 'one',
  intention: 'with scopes: []',
  isLess: hasScopes,
  isIntended: ({ scopes }) => scopes?.length === 0,
};
const IN_SHADOW: Opening = {
  ...WITHOUT_SCOPE,
  what: 'while its scope is in shadow, this route opens a part of',
  needs: 'a scope',
};

function openingOf({ access, shadow }: Route): Opening | undefined {
  if (access.kind === 'public') return PUBLIC;
  if (hasScopes(access)) return undefined;
  return hasScopes(shadow?.access) ? IN_SHADOW : WITHOUT_SCOPE;
}

/** Says which routes with a scope would get a part of the requests of a route that needs less. */
function opensPart(
  open: Route,
  scoped: Scoped,
  match: Match,
  expectations: readonly Expectation[],
): string | undefined {
  const opening = openingOf(open);
  if (!opening) return undefined;
  const { what, needs, intention, isLess, isIntended } = opening;
  if (expectations.some((each) => each.route === open && each.status === 200 && isIntended(each)))
    return undefined;
  const literal = firstLiteral(open.path);
  const near =
    literal === undefined
      ? [...scoped.values()].flat()
      : [...(scoped.get(literal) ?? []), ...(scoped.get(undefined) ?? [])];
  const opened = near.filter((route) => isLess(route.access) && opensSome(open, route, match));
  const [first] = opened;
  if (!first) return undefined;
  const more = opened.length > 1 ? ` and of ${opened.length - 1} more` : '';
  return (
    `${what} ${nameOf(first)}${more}, which needs ${needs}; if that is intended, ` +
    `give it an expect case ${intention} and with status 200`
  );
}

/** Routes of other hosts are compared by `src/config/check/hosts.ts`. */
function opensSome(open: Route, route: Route, match: Match): boolean {
  const hosts: readonly (string | undefined)[] = route.hosts ?? [undefined];
  const host = (open.hosts ?? [undefined]).findLast((each) => hosts.includes(each));
  if (!hosts.includes(host)) return false;
  const method = commonMethod(open, route);
  const path = method === undefined ? undefined : commonPath(open.path, route.path);
  if (method === undefined || path === undefined) return false;
  const found = match({ path, query: '' }, method, exampleHost(host));
  return !(found instanceof Refusal) && found.route === open;
}

function nameOf({ label, line }: Route): string {
  return `"${label}"${line > 0 ? ` in line ${line}` : ''}`;
}
