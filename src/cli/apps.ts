/** `tollgate apps`: the apps that may ask for tokens, and the kill switch, which is for apps of outside issuers too. */
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { appRevocation, type Administration, type AppRequest } from '../tokens/administration.js';
import { EXIT_OK, Refused, UsageError, type Command, type CommandInput } from './command.js';
import { withRegistry, type RegistrySide } from './registry-side.js';
import { listOf, print, printTable, wordOf } from './words.js';

const USAGE =
  'apps create --name NAME --scopes a,b [--owner UNAME] [--organization ORG] | apps list | apps delete KEY | ' +
  'apps rotate KEY | apps revoke ID [--issuer NAME] | apps restore ID [--issuer NAME] | apps revocations';

type Action = (input: CommandInput, side: RegistrySide, settings: Settings) => Promise<void>;

export const apps: Command = {
  name: 'apps',
  summary:
    'the apps that may ask for tokens, and the kill switch: create, list, delete, rotate, revoke, restore, revocations',
  takes: 2,
  options: ['name', 'scopes', 'owner', 'organization', 'issuer'],
  async run(input) {
    const action = ACTIONS.get(input.words[0] ?? '');
    if (!action) throw new UsageError(`usage: tollgate ${USAGE}`);
    const { settings } = await loadConfig(input.file, input.terminal.env);
    await withRegistry(settings, input.terminal, (side) => action(input, side, settings));
    return EXIT_OK;
  },
};

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['create', create],
  ['list', list],
  ['delete', remove],
  ['rotate', rotate],
  ['revoke', revoke],
  ['restore', restore],
  ['revocations', revocations],
]);

async function create(input: CommandInput, side: RegistrySide): Promise<void> {
  const { name, scopes, owner, organization } = input.options;
  const request: AppRequest = {
    name: wordOf(name, USAGE),
    scopes: listOf(scopes, USAGE),
    organization,
    owner: owner === undefined ? undefined : { uid: owner, uname: owner, uavatar: '' },
  };
  const app = await administrationOf(side).createApp(request);
  print(input, app, `key     ${app.key}\nsecret  ${app.secret}\n\nThe secret is shown this once.`);
}

async function list(input: CommandInput, side: RegistrySide): Promise<void> {
  const all = await administrationOf(side).listApps();
  const rows = all.map((app) => [app.key, app.name, app.scopes.join(','), app.organization ?? '']);
  printTable(input, { apps: all }, ['KEY', 'NAME', 'SCOPES', 'ORGANIZATION'], rows);
}

async function remove(input: CommandInput, side: RegistrySide): Promise<void> {
  const key = wordOf(input.words[1], USAGE);
  if (!(await administrationOf(side).deleteApp(key))) throw new Refused(`there is no app "${key}"`);
  print(input, { key }, `deleted ${key}; its tokens are refused from now on`);
}

async function rotate(input: CommandInput, side: RegistrySide): Promise<void> {
  const key = wordOf(input.words[1], USAGE);
  const secret = await administrationOf(side).rotateSecret(key);
  if (secret === undefined) throw new Refused(`there is no app "${key}"`);
  print(
    input,
    { key, secret },
    `secret  ${secret}\n\nThe secret is shown this once; the old one is worth nothing now.`,
  );
}

async function revoke(input: CommandInput, side: RegistrySide, settings: Settings): Promise<void> {
  const { app, issuer } = subjectOf(input, settings);
  const result = await side.revocations.revoke(appRevocation(app, issuer, Date.now()));
  if (result === 'away') throw new Refused('the revocation could not be recorded');
  print(input, { app, issuer }, `revoked ${app} at ${issuer ?? 'every issuer'}`);
}

async function restore(input: CommandInput, side: RegistrySide, settings: Settings): Promise<void> {
  const { app, issuer } = subjectOf(input, settings);
  const result = await side.revocations.restore(issuer, app);
  if (result === 'away') throw new Refused('the revocation could not be undone');
  if (!result) throw new Refused(`${app} is not revoked at ${issuer ?? 'every issuer'}, or was deleted`);
  print(input, { app, issuer }, `restored ${app} at ${issuer ?? 'every issuer'}`);
}

async function revocations(input: CommandInput, { listRevocations }: RegistrySide): Promise<void> {
  const all = await listRevocations();
  if (all === 'away') throw new Refused('the revocations cannot be read');
  const rows = all.map(({ kind, issuer, id, revokedAtMs, cause }) => [
    kind,
    id,
    issuer ?? '(every issuer)',
    new Date(revokedAtMs).toISOString(),
    cause,
  ]);
  printTable(input, { revocations: all }, ['KIND', 'ID', 'ISSUER', 'SINCE', 'CAUSE'], rows);
}

function administrationOf({ administration }: RegistrySide): Administration {
  if (!administration) throw new Refused('apps need the `tokens` section in the file');
  return administration;
}

function subjectOf(
  { words, options }: CommandInput,
  { issuers }: Settings,
): { app: string; issuer: string | undefined } {
  const { issuer } = options;
  if (issuer !== undefined && !issuers.some(({ name }) => name === issuer)) {
    throw new Refused(`unknown issuer "${issuer}"; there are: ${issuers.map(({ name }) => name).join(', ')}`);
  }
  return { app: wordOf(words[1], USAGE), issuer };
}
