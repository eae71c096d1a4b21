/** `api/routes` of the console: the routes of the file, the keys of the issuers, and the last reload. */
import { Router } from 'express';
import type { AdministrationOf } from '../../admin/apps-api.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import type { Route } from '../../model/route.js';
import { accessText, limitText, scopeText } from '../../model/route-text.js';
import type { ListedRoute, RouteTable } from '../api/routes.js';
import { seenBy, type SeesApp } from './own-apps.js';
import { actorOf } from './session-guard.js';

export interface ConsoleRoutesOptions {
  /** In the order of the file. */
  readonly routes: readonly Route[];
  /** The known state of every target. */
  readonly targets: () => readonly {
    readonly upstream: string;
    readonly target: string;
    readonly isUp: boolean;
  }[];
  readonly issuers: () => RouteTable['issuers'];
  /** The last reload of any worker. */
  readonly reload: () => Promise<RouteTable['reload']>;
  /** Requests of the apps that an actor sees, in the last minute, by label of the route. */
  readonly requestsPerMinute: (sees: SeesApp) => Promise<ReadonlyMap<string, number>>;
  /** Undefined without a token service. */
  readonly administrationOf: AdministrationOf | undefined;
}

/** Creates the router. A developer sees the own apps' requests, and neither addresses nor why a reload failed. */
export function createConsoleRoutes(options: ConsoleRoutesOptions): Router {
  const api = Router({ caseSensitive: true });
  api.get('/routes', async (req, res) => {
    const isAdministrator = actorOf(req).kind === 'administrator';
    const sees = await seenBy(req, options.administrationOf);
    const [requests, reload] = await Promise.all([options.requestsPerMinute(sees), options.reload()]);
    const targets = isAdministrator ? options.targets() : [];
    const issuers = options.issuers();
    res.json({
      routes: options.routes.map((route) => ({
        ...ruleOf(route),
        targets: targets
          .filter(({ upstream }) => upstream === route.upstream.name)
          .map(({ target, isUp }) => ({ origin: target, up: isUp })),
        requests_per_min: requests.get(route.label) ?? 0,
      })),
      issuers: isAdministrator ? issuers : issuers.map(withoutReason),
      reload: isAdministrator ? reload : null,
    } satisfies RouteTable);
  });
  api.use(reportRegistry);
  return api;
}

/** The reason names an address. */
function withoutReason(issuer: RouteTable['issuers'][number]): RouteTable['issuers'][number] {
  return { ...issuer, error: issuer.error === null ? null : 'the keys cannot be read' };
}

function ruleOf(route: Route): Omit<ListedRoute, 'targets' | 'requests_per_min'> {
  const { hosts, match, line, limits, upstream, shadow } = route;
  return {
    host: hosts?.join(', ') ?? null,
    match,
    line,
    access: accessText({ ...route, shadow: undefined }),
    limits: limits.map(limitText),
    shadow: shadow ? shadowTexts(shadow) : [],
    upstream: upstream.name,
  };
}

function shadowTexts({ access, require = [], limits }: Route): readonly string[] {
  const hasScopes = access.kind === 'scoped' && access.requirement.scopes.length > 0;
  return [
    ...(hasScopes ? [scopeText(access)] : []),
    ...require.map(({ name }) => name),
    ...limits.map(limitText),
  ];
}
