/** `api/apps` and `api/scopes` of the console: the apps that the actor sees, under the policy of the actor. */
import { Router, type Request } from 'express';
import { ApiError, fieldsOf } from '../../admin/api-error.js';
import { appRequestOf, patchOf, type AdministrationOf } from '../../admin/apps-api.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import type { ActorAdministration } from '../../tokens/administration-for.js';
import type { AppView, NamedTokenView } from '../../tokens/administration/views.js';
import type {
  AppDetails,
  AppLimits,
  AppSummary,
  CreatedApp,
  DeletedApp,
  GrantableScopes,
  NamedToken,
  RotatedSecret,
} from '../api/apps.js';
import { actorOf } from './session-guard.js';
import { secondsOf } from './times.js';

/** How an app gets tokens, for the snippets. */
export type AppAccess = Pick<CreatedApp, 'origin' | 'token_endpoint' | 'example_path'>;

export interface ConsoleAppsOptions {
  readonly administrationOf: AdministrationOf;
  /** How an app with these scopes gets tokens and uses them. */
  readonly accessOf: (scopes: readonly string[], req: Request) => AppAccess;
  /** What is left of the limits of an app with these scopes. */
  readonly limitsOf: (app: string, scopes: readonly string[]) => Promise<AppLimits['endpoints']>;
  /** The scopes that routes require, each with the routes that it opens. */
  readonly scopes: GrantableScopes['scopes'];
  /** How many gateways know of the last change of the revocations. */
  readonly gatewaysReached: () => Promise<DeletedApp['gateways']>;
  /** Whether a named token is refused, because it or its app was revoked. */
  readonly isRevoked: (token: NamedTokenView) => boolean;
  /** Whether one scope covers another. */
  readonly covers: (granted: string, required: string) => boolean;
}

const NO_APP = 'No such app';
const MAX_OVERLAP_S = 30 * 24 * 60 * 60;

/** Creates the router. Responds as the apps API of the admin port; the secret is in the response that made it alone. */
export function createConsoleApps(options: ConsoleAppsOptions): Router {
  const { administrationOf, accessOf, limitsOf, gatewaysReached, isRevoked } = options;
  const api = Router({ caseSensitive: true });

  api.get('/scopes', (req, res) => {
    const actor = actorOf(req);
    const mayGrant = (scope: string): boolean =>
      actor.kind === 'administrator' || actor.scopes.some((own) => options.covers(own, scope));
    res.json({ scopes: options.scopes.filter(({ scope }) => mayGrant(scope)) } satisfies GrantableScopes);
  });
  api.get('/apps', async (req, res) => {
    res.json({ apps: (await administrationOf(req).listApps()).map(summaryOf) });
  });
  api.post('/apps', async (req, res) => {
    const { secret, ...app } = await administrationOf(req).createApp(appRequestOf(withoutBlanks(req.body)));
    const created = { app: detailsOf(app, [], isRevoked), secret, ...accessOf(app.scopes, req) };
    res.status(201).json(created satisfies CreatedApp);
  });
  api.get('/apps/:key', async (req, res) => {
    res.json(await findDetails(administrationOf(req), req.params.key, isRevoked));
  });
  api.patch('/apps/:key', async (req, res) => {
    const administration = administrationOf(req);
    found(await administration.updateApp(req.params.key, patchOf(withoutOrganization(req.body))));
    res.json(await findDetails(administration, req.params.key, isRevoked));
  });
  api.delete('/apps/:key', async (req, res) => {
    const { key } = req.params;
    if (!(await administrationOf(req).deleteApp(key))) throw new ApiError(404, NO_APP);
    res.json({ key, gateways: await gatewaysReached() } satisfies DeletedApp);
  });
  api.post('/apps/:key/rotate', async (req, res) => {
    const { overlap_s: overlapS } = req.body === undefined ? {} : fieldsOf(req.body, ['overlap_s']);
    const overlap = overlapOf(overlapS);
    const { secret, previous_secret_until: until } = found(
      await administrationOf(req).rotateSecret(req.params.key, overlap),
    );
    res.json({ secret, old_secret_until: secondsOf(until) } satisfies RotatedSecret);
  });
  api.get('/apps/:key/limits', async (req, res) => {
    const { key, scopes } = found(await administrationOf(req).findApp(req.params.key));
    res.json({ endpoints: await limitsOf(key, scopes) } satisfies AppLimits);
  });
  api.use(reportRegistry);
  return api;
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new ApiError(404, NO_APP);
  return value;
}

async function findDetails(
  administration: ActorAdministration,
  key: string,
  isRevoked: ConsoleAppsOptions['isRevoked'],
): Promise<AppDetails> {
  const app = found(await administration.findApp(key));
  return detailsOf(app, (await administration.listNamedTokens(key)) ?? [], isRevoked);
}

/** A field of the page that is left empty is not given. */
function withoutBlanks(body: unknown): unknown {
  const { organization, ...rest } = fieldsOf(body, ['name', 'organization', 'scopes']);
  return organization === '' || organization === undefined ? rest : { ...rest, organization };
}

/** An organization that is emptied is taken away. */
function withoutOrganization(body: unknown): unknown {
  const fields = fieldsOf(body, ['name', 'organization', 'scopes']);
  return fields['organization'] === '' ? { ...fields, organization: null } : fields;
}

function overlapOf(seconds: unknown): string | undefined {
  if (seconds === undefined || seconds === 0) return undefined;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > MAX_OVERLAP_S)
    throw new ApiError(400, `"overlap_s" must be a whole number of seconds up to ${MAX_OVERLAP_S}`);
  return `${seconds}s`;
}

function summaryOf(app: AppView): AppSummary {
  const { key, name, organization = '', scopes, owner, created, last_used: lastUsed } = app;
  return {
    key,
    name,
    organization,
    scopes,
    owner: owner?.uname ?? null,
    created_at: secondsOf(created),
    last_used_at: secondsOf(lastUsed),
  };
}

function detailsOf(
  app: AppView,
  tokens: readonly NamedTokenView[],
  isRevoked: ConsoleAppsOptions['isRevoked'],
): AppDetails {
  return {
    ...summaryOf(app),
    old_secret_until: secondsOf(app.previous_secret_until),
    named_tokens: tokens.map((token): NamedToken => ({
      id: token.jti,
      name: token.name,
      created_at: secondsOf(token.created),
      expires_at: secondsOf(token.expires),
      revoked: isRevoked(token),
    })),
  };
}
