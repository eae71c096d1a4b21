/** `tollgate users`: the people of the password endpoint. A password comes on standard input, never as an argument. */
import { loadConfig } from '../config/config.js';
import type { Administration } from '../tokens/administration.js';
import { passwordError } from '../tokens/passwords.js';
import { UsageError, type Run, type CommandInput } from './command.js';
import { EXIT_OK, CommandFailed } from '../model/exit.js';
import { withAdminContext, type AdminContext } from './admin-context.js';
import { USERS_USAGE } from './usage.js';
import { requiredList, rejectExtraArgs, print, printTable, requiredArg } from './args.js';

export const users: Run = async (input) => {
  const read = ACTIONS.get(input.args[0] ?? '');
  if (!read) throw new UsageError(`usage: tollgate ${USERS_USAGE}`);
  const action = read(input);
  const { settings } = await loadConfig(input.file, input.terminal.env);
  if (!settings.tokens) throw new CommandFailed('users need the `tokens` section in the file');
  await withAdminContext(settings, input.terminal, ({ administration, audit }) =>
    action(administration!, audit),
  );
  return EXIT_OK;
};

/** Reads what was typed, so that wrong usage is told before anything is opened. @returns what is then done */
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
  // Without any the user can log in, and opens only what asks for no scope.
  const scopes = options['scopes'] === undefined ? [] : requiredList(options['scopes'], USERS_USAGE);
  return async (administration, audit) => {
    const password = await terminal.readSecret();
    const flaw = passwordError(password);
    if (flaw !== undefined) throw new CommandFailed(flaw);
    await administration.addUser(name, password, scopes, options['organization']);
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
