/** What the console shows of limits, scopes and the token endpoint of an app. Called by `console-routers.ts`. */
import type { EndpointLimits, GrantableScopes, LimitUse } from '../console/api/apps.js';
import type { AppAccess } from '../console/server/apps-api.js';
import type { QuotaSources } from '../console/server/quotas.js';
import type { Gateway } from '../gateway.js';
import type { InspectedToken } from '../model/inspected-token.js';
import { ANONYMOUS, type Principal } from '../model/principal.js';
import type { Route } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { TOKENS } from '../model/tokens.js';
import type { GatewayInstance } from './build-gateway.js';

type Instance = Pick<GatewayInstance, 'gateway' | 'settings'>;

/** The limits of an app of the token service, at the routes that its scopes open. */
export function limitsOfApp(
  { gateway, settings }: Instance,
  app: string,
  scopes: readonly string[],
): Promise<readonly EndpointLimits[]> {
  const principal: Principal = { ...ANONYMOUS, issuer: TOKENS, app, scopes };
  return limitsAt(gateway, openedBy(gateway, settings.routes, principal), principal);
}

/** The limits of the caller of a token, at the routes that it opens. */
export function limitsOfToken(
  { gateway }: Instance,
  principal: Principal,
  { routes }: InspectedToken,
): Promise<readonly EndpointLimits[]> {
  const open = routes.filter(({ reason }) => reason === undefined).map(({ route }) => route);
  return limitsAt(gateway, open, principal);
}

/** The limits of the apps that have traffic, by the label of the route. */
export function quotasAt({ gateway, settings }: Instance): Pick<QuotaSources, 'isLimited' | 'limitsOf'> {
  const routes = new Map(settings.routes.filter(countsByApp).map((route) => [route.label, route]));
  return {
    isLimited: (label) => routes.has(label),
    async limitsOf(issuer, app, label) {
      const route = routes.get(label);
      return route ? limitsOn(gateway, route, { ...ANONYMOUS, issuer, app }) : [];
    },
  };
}

function countsByApp({ access, limits }: Route): boolean {
  return access.kind !== 'public' && limits.some(({ by }) => by === 'app');
}

/** All inspections begin in one tick, so they share a call to Redis. */
function limitsAt(
  gateway: Gateway,
  routes: readonly Route[],
  principal: Principal,
): Promise<readonly EndpointLimits[]> {
  return Promise.all(
    routes.filter(countsByApp).map(async (route) => ({
      endpoint: route.label,
      limits: await limitsOn(gateway, route, principal),
    })),
  );
}

/** Those counted by app: the others are not the app's own. The address matters to those alone. */
async function limitsOn(
  { inspectLimits }: Gateway,
  route: Route,
  principal: Principal,
): Promise<readonly LimitUse[]> {
  const { limits } = await inspectLimits(principal, route, '127.0.0.1');
  return limits.flatMap(({ limit: { name, by, requests, windowMs }, state }) =>
    by !== 'app' || state === undefined
      ? []
      : {
          name: name ?? null,
          by,
          limit: requests,
          window_s: windowMs / 1000,
          used: state.used,
          remaining: state.remaining,
          reset: Math.ceil(state.resetAtMs / 1000),
        },
  );
}

/** The scopes that the routes for tokens of the token service require, sorted, each with the routes that it opens alone. */
export function scopesOf({ gateway, settings: { routes } }: Instance): GrantableScopes['scopes'] {
  const scopes = new Set(
    routes.flatMap(({ access }) =>
      access.kind === 'scoped' && acceptsTokens(access) ? access.requirement.scopes : [],
    ),
  );
  return [...scopes].sort().map((scope) => {
    const principal: Principal = { ...ANONYMOUS, issuer: TOKENS, scopes: [scope] };
    const opened = openedBy(gateway, routes, principal).filter(
      ({ access }) => access.kind === 'scoped' && access.requirement.scopes.includes(scope),
    );
    return { scope, opens: opened.map(({ label }) => label) };
  });
}

/** How an app with these scopes gets a token, and a request that it may make. */
export function accessOf({ gateway, settings }: Instance, scopes: readonly string[]): AppAccess {
  const { tokens, routes } = settings;
  const { keySecret, clientCredentials } = tokens?.endpoints ?? {};
  const principal: Principal = { ...ANONYMOUS, issuer: TOKENS, scopes };
  const example = openedBy(gateway, routes, principal).find(
    ({ methods, hosts, access }) =>
      access.kind === 'scoped' && hosts === undefined && (methods === 'any' || methods.has('GET')),
  );
  return {
    origin: publicOrigin(settings),
    token_endpoint: keySecret
      ? { grant: 'key_secret', path: keySecret.path }
      : clientCredentials
        ? { grant: 'client_credentials', path: clientCredentials.path }
        : null,
    example_path: example ? pathOf(example) : null,
  };
}

/** By their scopes alone: conditions depend on a token's claims. */
function openedBy({ steps }: Gateway, routes: readonly Route[], principal: Principal): readonly Route[] {
  return routes.filter(
    (route) =>
      route.access.kind === 'scoped' &&
      acceptsTokens(route.access) &&
      steps.authorize(principal, { ...route, require: undefined }, '') === undefined,
  );
}

function acceptsTokens(access: Extract<Route['access'], { kind: 'scoped' }>): boolean {
  return access.issuers?.has(TOKENS) ?? true;
}

/** The token service's issuer is the address by which clients reach it; else the public port. */
function publicOrigin({ tokens, listen }: Settings): string {
  if (tokens && URL.canParse(tokens.issuer)) {
    const { protocol, origin } = new URL(tokens.issuer);
    if (protocol === 'https:' || protocol === 'http:') return origin;
  }
  const { host = 'localhost', port = 8080, tls } = listen ?? {};
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A path of the route, with `1` for each parameter. */
function pathOf({ path }: Route): string {
  const segments = path.map((segment) =>
    segment.kind === 'literal' ? encodeURIComponent(segment.text) : '1',
  );
  return `/${segments.join('/')}`;
}
