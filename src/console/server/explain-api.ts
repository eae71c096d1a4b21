/** `api/explain`, `api/token` and `api/routes/match` of the console: what the gateway would do. Nothing is counted. */
import { Router, type Request } from 'express';
import { ApiError, fieldsOf, queryOf, textOf } from '../../admin/api-error.js';
import type { AdministrationOf } from '../../admin/apps-api.js';
import { explainRequestOf } from '../../admin/explain-api.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import type { Explain, ExplainedToken, Explanation } from '../../model/explanation.js';
import type { InspectedToken, InspectToken } from '../../model/inspected-token.js';
import type { Principal } from '../../model/principal.js';
import type { Actor } from '../../tokens/administration/policy.js';
import type { EndpointLimits } from '../api/apps.js';
import type { MatchedRoute } from '../api/routes.js';
import type { DebuggedToken } from '../api/token.js';
import { seenBy } from './own-apps.js';
import { actorOf } from './session-guard.js';

export interface ConsoleExplainOptions {
  readonly explain: Explain;
  readonly inspectToken: InspectToken;
  /** What is left of the limits of a caller at the routes that its token opens. */
  readonly limitsOf: (principal: Principal, inspected: InspectedToken) => Promise<readonly EndpointLimits[]>;
  /** The Host field of a request that names none. */
  readonly host: string;
  /** Undefined without a token service. */
  readonly administrationOf: AdministrationOf | undefined;
}

const URL_FORM = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is;
const MAX_TOKEN = 16 * 1024;
const NOT_OWN = 'The token is of an app that is not of your organization';

/** Creates the router. Responds 403 to a developer's question about a token of another organization's app. */
export function createConsoleExplain(options: ConsoleExplainOptions): Router {
  const { explain, inspectToken, limitsOf, host, administrationOf } = options;
  const api = Router({ caseSensitive: true });

  /** A token that is refused shows of no app. */
  async function requireOwnApp(req: Request, token: ExplainedToken | null): Promise<void> {
    const { issuer = null, app = null } = token ?? {};
    if (app !== null && !(await seenBy(req, administrationOf))(issuer, app)) throw new ApiError(403, NOT_OWN);
  }

  api.post('/explain', async (req, res) => {
    const { method, url, token } = fieldsOf(req.body, ['method', 'url', 'token']);
    const request = explainRequestOf({
      method,
      ...placeOf(textOf(url, 'url'), host),
      ...(token !== undefined && token !== '' && { token }),
    });
    const explanation = await explain(request);
    await requireOwnApp(req, explanation.token);
    res.json(forActor(explanation, actorOf(req)));
  });
  api.post('/token', async (req, res) => {
    const token = textOf(fieldsOf(req.body, ['token'])['token'], 'token').trim();
    // What is no token in a header field would be refused by the parser, with another text.
    if (token.length > MAX_TOKEN || !/^[!-~]+$/.test(token))
      throw new ApiError(400, '"token" must be one token: printable ASCII without spaces');
    const inspected = await inspectToken(token);
    await requireOwnApp(req, inspected.token);
    const { principal } = inspected;
    res.json(viewOf(token, inspected, principal ? await limitsOf(principal, inspected) : []));
  });
  api.get('/routes/match', async (req: Request, res) => {
    const { method = 'GET', url } = queryOf(req, ['method', 'url']);
    const place = placeOf(textOf(url, 'url'), host);
    const { match, status } = await explain(explainRequestOf({ method, ...place }));
    const route = match?.route;
    res.json({
      line: route?.line ?? null,
      match: route?.match ?? null,
      status: route ? 200 : status,
    } satisfies MatchedRoute);
  });
  api.use(reportRegistry);
  return api;
}

/** What an actor sees of an explanation: a developer sees no address of an upstream and no count that others share. */
export function forActor<E extends Explanation>(explanation: E, actor: Actor): E {
  if (actor.kind === 'administrator') return explanation;
  const { limits } = explanation;
  return {
    ...explanation,
    upstream: null,
    shadow: null,
    limits: limits && { ...limits, limits: limits.limits.filter(({ by }) => by === 'app') },
  };
}

/** Splits a URL, or a path, into the Host field and the target. */
function placeOf(text: string, host: string): { readonly host: string; readonly target: string } {
  const [, ownHost, rest = ''] = URL_FORM.exec(text) ?? [];
  const target = (ownHost === undefined ? text : rest).replace(/#.*$/s, '');
  return { host: ownHost ?? host, target: target.startsWith('/') ? target : `/${target}` };
}

function viewOf(
  text: string,
  { token, principal, routes }: InspectedToken,
  limits: readonly EndpointLimits[],
): DebuggedToken {
  const [header, payload] = text.split('.');
  return {
    header: decode(header),
    payload: decode(payload),
    checks: token.checks,
    accepted: principal !== undefined,
    issuer: token.issuer,
    app: principal?.app ?? null,
    scopes: principal?.scopes ?? [],
    opens: routes.map(({ route: { match, hosts, line }, reason }) => ({
      route: match,
      host: hosts?.join(', ') ?? null,
      line,
      open: reason === undefined,
      reason: reason ?? null,
    })),
    limits,
  };
}

function decode(part: string | undefined): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
