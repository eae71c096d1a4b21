/** Inspects a token without a request: the checks of the gateway, and which routes the token opens. */
import { createTrace } from '../authenticate/authenticate.js';
import type { ExplainedCheck } from '../model/explanation.js';
import type { InspectedRoute, InspectedToken } from '../model/inspected-token.js';
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import type { AuthenticatedCaller } from './authenticate-caller.js';
import type { ExplainContext } from './context.js';
import { describeAccess } from './explain-access.js';
import { readRequest } from './explain-request.js';
import { describeToken } from './explain-token.js';
import { acceptedIssuers, placeToken } from './place-token.js';
import { detailOf, listText } from './text.js';

/** The request that stands for all: what is inspected does not depend on it. */
const REQUEST = { method: 'GET', target: '/', host: 'localhost', headers: [], peer: '127.0.0.1' };

/** Inspects a token. Counts nothing. Rejects only for a bug in the gateway. */
export async function inspectToken(token: string, context: ExplainContext): Promise<InspectedToken> {
  const { routes } = context.settings;
  const any = anyTokenRoute(routes[0]!);
  const caller = await authenticate(token, any, context);
  const { result } = caller;
  /** By the issuers that a route accepts: routes that accept the same ones have the same result. */
  const results = new Map<string, AuthenticatedCaller['result']>();
  const decided: InspectedRoute[] = [];
  for (const route of routes) {
    const key = JSON.stringify(acceptedIssuers(route, context.settings.issuers).map(({ name }) => name));
    let own = results.get(key);
    if (own === undefined && route.access.kind !== 'public') {
      ({ result: own } = await authenticate(token, route, context));
      results.set(key, own);
    }
    decided.push({ route, reason: own && closedBecause(own, result, route, context) });
  }
  return {
    token: describeToken(caller, any, false, context),
    principal: result instanceof Refusal ? undefined : result,
    routes: decided,
  };
}

async function authenticate(
  token: string,
  route: Route,
  context: ExplainContext,
): Promise<AuthenticatedCaller> {
  const trace = createTrace();
  const read = await readRequest(
    placeToken({ ...REQUEST, token }, route, context.settings.issuers, false),
    context,
  );
  if (read instanceof Refusal) return { result: read, trace };
  return { result: await context.createTraced(trace)(read.head, route), trace };
}

/** A route that any valid token opens. */
function anyTokenRoute(route: Route): Route {
  return {
    ...route,
    access: { kind: 'scoped', requirement: { mode: 'all', scopes: [] }, issuers: undefined },
    require: undefined,
    shadow: undefined,
  };
}

/** Why a token does not open a route; undefined where it does. What depends on the path of a request is left out. */
function closedBecause(
  own: Principal | Refusal,
  anywhere: Principal | Refusal,
  route: Route,
  { settings, gateway }: ExplainContext,
): string | undefined {
  if (route.access.kind === 'public') return undefined;
  if (own instanceof Refusal) {
    if (anywhere instanceof Refusal) return detailOf(own);
    const accepted = acceptedIssuers(route, settings.issuers).map(({ name }) => name);
    return `accepts tokens of ${listText(accepted, 'or')}`;
  }
  const require = route.require?.filter(({ parameter }) => parameter === undefined);
  const plain = { ...route, require: require?.length ? require : undefined };
  const { authorize } = gateway.steps;
  if (!authorize(own, plain, '')) return undefined;
  return reasonOf(describeAccess(own, plain, '', authorize).checks);
}

function reasonOf(checks: readonly ExplainedCheck[]): string {
  const failed = checks.filter(({ result }) => result === 'failed');
  return failed.map(({ name, text }) => `${name}: ${text}`).join('; ');
}
