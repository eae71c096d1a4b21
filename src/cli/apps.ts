/** `tollgate apps`: manages the apps that may request tokens, and revokes apps, also those of other issuers. */
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { NAMED } from '../model/tokens.js';
import { appRevocation, type Administration, type AppRequest } from '../tokens/administration.js';
import { tokenRevocation } from '../tokens/revoked.js';
import { UsageError, type Run, type CommandInput } from './command.js';
import { EXIT_OK, CommandFailed } from '../model/exit.js';
import { withAdminContext, type AdminContext } from './admin-context.js';
import { APPS_USAGE } from './usage.js';
import { requiredList, rejectExtraArgs, print, printTable, requiredArg } from './args.js';

/** Parses the arguments first, so that wrong usage is reported before anything is opened. Returns the work to do. */
type Action = (input: CommandInput) => (context: AdminContext, settings: Settings) => Promise<void>;

/**
 * Runs one of the actions.
 * @throws UsageError on wrong arguments; CommandFailed if the action fails; what `loadConfig` throws
 */
export const apps: Run = async (input) => {
  const parse = ACTIONS.get(input.args[0] ?? '');
  if (!parse) throw new UsageError(`usage: tollgate ${APPS_USAGE}`);
  const action = parse(input);
  const { settings } = await loadConfig(input.file, input.terminal.env);
  if (!settings.tokens && NEEDS_TOKEN_SERVICE.has(input.args[0] ?? '')) throw new CommandFailed(NO_APPS);
  await withAdminContext(settings, input.terminal, (context) => action(context, settings));
  return EXIT_OK;
};

/** Actions that need the token service. Revoking also works for apps of other issuers. */
const NEEDS_TOKEN_SERVICE: ReadonlySet<string> = new Set(['create', 'list', 'delete', 'rotate']);
const NO_APPS = 'apps need the `tokens` section in the file';

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['create', create],
  ['list', list],
  ['delete', remove],
  ['rotate', rotate],
  ['revoke', revoke],
  ['restore', restore],
  ['revocations', revocations],
  ['named-tokens', namedTokens],
  ['revoke-token', revokeToken],
]);

function create(input: CommandInput): ReturnType<Action> {
  const { name, scopes, owner, organization } = input.options;
  rejectExtraArgs(input, 1, APPS_USAGE);
  const request: AppRequest = {
    name: requiredArg(name, APPS_USAGE),
    scopes: requiredList(scopes, APPS_USAGE),
    organization,
    owner: owner === undefined ? undefined : { uid: owner, uname: owner, uavatar: '' },
  };
  return async (context) => {
    const app = await administrationOf(context).createApp(request);
    context.audit({ action: 'app_created', app: app.key });
    print(input, app, `key     ${app.key}\nsecret  ${app.secret}\n\nThe secret is shown only once.`);
  };
}

function list(input: CommandInput): ReturnType<Action> {
  rejectExtraArgs(input, 1, APPS_USAGE);
  return async (context) => {
    const all = await administrationOf(context).listApps();
    const rows = all.map((app) => [app.key, app.name, app.scopes.join(','), app.organization ?? '']);
    printTable(input, { apps: all }, ['KEY', 'NAME', 'SCOPES', 'ORGANIZATION'], rows);
  };
}

function remove(input: CommandInput): ReturnType<Action> {
  const key = requiredArg(input.args[1], APPS_USAGE);
  return async (context) => {
    if (!(await administrationOf(context).deleteApp(key)))
      throw new CommandFailed(`there is no app "${key}"`);
    context.audit({ action: 'app_deleted', app: key });
    print(input, { key }, `deleted ${key}; its tokens are refused from now on`);
  };
}

function rotate(input: CommandInput): ReturnType<Action> {
  const key = requiredArg(input.args[1], APPS_USAGE);
  const { overlap } = input.options;
  return async (context) => {
    const rotated = await administrationOf(context).rotateSecret(key, overlap);
    if (rotated === undefined) throw new CommandFailed(`there is no app "${key}"`);
    context.audit({ action: 'app_secret_rotated', app: key });
    const until = rotated.previous_secret_until;
    const old = until === undefined ? 'no longer accepted' : `accepted until ${until}`;
    print(
      input,
      rotated,
      `secret  ${rotated.secret}\n\nThe secret is shown only once; the old one is ${old}.`,
    );
  };
}

function revoke(input: CommandInput): ReturnType<Action> {
  const app = requiredArg(input.args[1], APPS_USAGE);
  return async (context, settings) => {
    const issuer = issuerOf(input, settings);
    const result = await context.revocations.revoke(appRevocation(app, issuer, Date.now()));
    if (result === 'unavailable') throw new CommandFailed('the revocation could not be recorded');
    context.audit({ action: 'app_revoked', app, ...(issuer !== undefined && { issuer }) });
    print(input, { app, issuer }, `revoked ${app} at ${issuer ?? 'every issuer'}`);
  };
}

function restore(input: CommandInput): ReturnType<Action> {
  const app = requiredArg(input.args[1], APPS_USAGE);
  return async (context, settings) => {
    const issuer = issuerOf(input, settings);
    const result = await context.revocations.restore(issuer, app);
    if (result === 'unavailable') throw new CommandFailed('the revocation could not be undone');
    if (!result)
      throw new CommandFailed(`${app} is not revoked at ${issuer ?? 'every issuer'}, or was deleted`);
    context.audit({ action: 'app_restored', app, ...(issuer !== undefined && { issuer }) });
    print(input, { app, issuer }, `restored ${app} at ${issuer ?? 'every issuer'}`);
  };
}

function revocations(input: CommandInput): ReturnType<Action> {
  rejectExtraArgs(input, 1, APPS_USAGE);
  return async ({ listRevocations }) => {
    const all = await listRevocations();
    if (all === 'unavailable') throw new CommandFailed('the revocations cannot be read');
    const rows = all.map(({ kind, issuer, id, revokedAtMs, cause }) => [
      kind,
      id,
      issuer ?? '(every issuer)',
      new Date(revokedAtMs).toISOString(),
      cause,
    ]);
    printTable(input, { revocations: all }, ['KIND', 'ID', 'ISSUER', 'SINCE', 'CAUSE'], rows);
  };
}

function namedTokens(input: CommandInput): ReturnType<Action> {
  rejectExtraArgs(input, 2, APPS_USAGE);
  const app = input.args[1];
  return async (context) => {
    const all = (await administrationOf(context).listNamedTokens(app)) ?? [];
    const rows = all.map((token) => [
      token.jti,
      token.app,
      token.name,
      token.description,
      token.created,
      token.expires ?? 'never',
    ]);
    printTable(
      input,
      { named_tokens: all },
      ['JTI', 'APP', 'NAME', 'DESCRIPTION', 'CREATED', 'EXPIRES'],
      rows,
    );
  };
}

function revokeToken(input: CommandInput): ReturnType<Action> {
  const jti = requiredArg(input.args[1], APPS_USAGE);
  rejectExtraArgs(input, 2, APPS_USAGE);
  return async (context, settings) => {
    const issuer = issuerOf(input, settings) ?? NAMED;
    const revocation =
      issuer === NAMED
        ? await administrationOf(context).namedTokenRevocation(jti)
        : tokenRevocation({ issuer, jti, expS: undefined }, Date.now());
    if (!revocation) throw new CommandFailed(`there is no named token "${jti}"`);
    const result = await context.revocations.revoke(revocation);
    if (result === 'unavailable') throw new CommandFailed('the revocation could not be recorded');
    context.audit({ action: 'token_revoked', token: jti, issuer });
    print(input, { token: jti, issuer }, `revoked the token ${jti} of ${issuer}`);
  };
}

function administrationOf({ administration }: AdminContext): Administration {
  if (!administration) throw new CommandFailed(NO_APPS);
  return administration;
}

function issuerOf({ options: { issuer } }: CommandInput, { issuers }: Settings): string | undefined {
  if (issuer !== undefined && !issuers.some(({ name }) => name === issuer)) {
    throw new CommandFailed(
      `unknown issuer "${issuer}"; there are: ${issuers.map(({ name }) => name).join(', ')}`,
    );
  }
  return issuer;
}
