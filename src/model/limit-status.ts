/** The endpoint `limit_status`: what it lists, and the route by which its own requests are authenticated and limited. */
import type { FailurePolicy, LimitPolicy } from './limit.js';
import type { Cors, Route } from './route.js';

/** Its name in logs and metrics, where other requests have their route. */
const LABEL = 'limit_status';

/** 60 per 1m for each app. */
const OWN_LIMIT: LimitPolicy = {
  requests: 60,
  windowMs: 60_000,
  by: 'app',
  share: undefined,
  name: undefined,
  id: LABEL,
};

/** The endpoint of one gateway instance. */
export interface LimitStatus {
  /** Its path, which belongs to no route. */
  readonly path: string;
  /** A route that any valid token opens, with the endpoint's own limit. It is never forwarded. */
  readonly route: Route;
  /** The routes of the file, without the conditions that depend on a request's path. */
  readonly routes: readonly Route[];
}

/** The settings that the endpoint depends on. */
interface LimitStatusSettings {
  /** Undefined: the file has no such endpoint. */
  readonly limitStatus: string | undefined;
  readonly routes: readonly Route[];
  readonly onFailure: FailurePolicy;
  readonly cors: Cors | undefined;
}

/** Makes the endpoint of a file; undefined where the file has none. */
export function limitStatusOf(settings: LimitStatusSettings): LimitStatus | undefined {
  const { limitStatus: path, routes, onFailure, cors } = settings;
  const [first] = routes;
  if (path === undefined || !first) return undefined;
  const route: Route = {
    // What only forwarding uses is that of any route.
    ...first,
    match: `GET ${path}`,
    label: LABEL,
    line: 0,
    hosts: undefined,
    methods: new Set(['GET', 'HEAD']),
    path: [],
    access: { kind: 'scoped', requirement: { mode: 'all', scopes: [] }, issuers: undefined },
    require: undefined,
    limits: [OWN_LIMIT],
    onFailure,
    cors,
    shadow: undefined,
  };
  return { path, route, routes: routes.map(withoutPathConditions) };
}

function withoutPathConditions(route: Route): Route {
  const require = route.require?.filter(({ parameter }) => parameter === undefined);
  return { ...route, require: require?.length ? require : undefined };
}
