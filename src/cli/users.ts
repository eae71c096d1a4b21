/** `tollgate users`: manages users of the password endpoint. A password is read from standard input, never an argument. */
import { loadConfig } from '../config/config.js';
import type { Administration } from '../tokens/administration.js';
import { UsageError, type Run, type CommandInput } from './command.js';
import { EXIT_OK, CommandFailed } from '../model/exit.js';
import { withAdminContext, type AdminContext } from './admin-context.js';
import { withProgress } from './progress.js';
import { USERS_USAGE } from './usage.js';
import { requiredList, rejectExtraArgs, print, printTable, requiredArg } from './args.js';

/**
 * Runs one of the actions.
 * @throws UsageError on wrong arguments; CommandFailed if the action fails; what `loadConfig` throws
 */
export const users: Run = async (input) => {
  const parse = ACTIONS.get(input.args[0] ?? '');
  if (!parse) throw new UsageError(`usage: tollgate ${USERS_USAGE}`);
  const action = parse(input);
  const { settings } = await loadConfig(input.file, input.terminal.env);
  if (!settings.tokens) throw new CommandFailed('users need the `tokens` section in the file');
  await withAdminContext(settings, input.terminal, ({ administration, audit }) =>
    action(administration!, audit),
  );
  return EXIT_OK;
};

/** Parses the arguments first, so that wrong usage is reported before anything is opened. Returns the work to do. */
type Action = (
  input: CommandInput,
) => (administration: Administration, audit: AdminContext['audit']) => Promise<void>;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['add', add],
  ['list', list],
  ['delete', remove],
]);

function add(input: CommandInput): ReturnType<Action> {
  const { args, options, terminal } = input;
  const name = requiredArg(args[1], USERS_USAGE);
  // A user without scopes can log in, and is admitted only where no scope is required.
  const scopes = options['scopes'] === undefined ? [] : requiredList(options['scopes'], USERS_USAGE);
  return async (administration, audit) => {
    const password = await terminal.readSecret();
    const adding = administration.addUser(name, password, scopes, options['organization']);
    await withProgress(terminal, () => `adding ${name}`, adding);
    audit({ action: 'user_created', user: name });
    print(input, { name }, `added ${name}`);
  };
}

function list(input: CommandInput): ReturnType<Action> {
  rejectExtraArgs(input, 1, USERS_USAGE);
  return async (administration) => {
    const all = await administration.listUsers();
    const rows = all.map(({ name, scopes, organization }) => [name, scopes.join(','), organization ?? '']);
    printTable(input, { users: all }, ['NAME', 'SCOPES', 'ORGANIZATION'], rows);
  };
}

function remove(input: CommandInput): ReturnType<Action> {
  const name = requiredArg(input.args[1], USERS_USAGE);
  return async (administration, audit) => {
    if (!(await administration.deleteUser(name))) throw new CommandFailed(`there is no user "${name}"`);
    audit({ action: 'user_deleted', user: name });
    print(input, { name }, `deleted ${name}; the user's tokens are refused from now on`);
  };
}
