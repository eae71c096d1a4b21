/** `tollgate users`: the people of the password endpoint. A password comes on standard input, never as an argument. */
import { loadConfig } from '../config/config.js';
import type { Administration } from '../tokens/administration.js';
import { flawOfPassword } from '../tokens/passwords.js';
import { EXIT_OK, Refused, UsageError, type Command, type CommandInput } from './command.js';
import { withRegistry } from './registry-side.js';
import { listOf, print, printTable, wordOf } from './words.js';

const USAGE = 'users add NAME --scopes a,b [--organization ORG] | users list | users delete NAME';

export const users: Command = {
  name: 'users',
  summary: 'the people of the password endpoint: add NAME, list, delete NAME',
  takes: 2,
  options: ['scopes', 'organization'],
  async run(input) {
    const { settings } = await loadConfig(input.file, input.terminal.env);
    if (!settings.tokens) throw new Refused('users need the `tokens` section in the file');
    return withRegistry(settings, input.terminal, async ({ administration }) => {
      await act(input, administration!);
      return EXIT_OK;
    });
  },
};

async function act(input: CommandInput, administration: Administration): Promise<void> {
  const { words, options, terminal } = input;
  switch (words[0] ?? '') {
    case 'add': {
      const name = wordOf(words[1], USAGE);
      const password = await terminal.readSecret();
      const flaw = flawOfPassword(password);
      if (flaw !== undefined) throw new Refused(flaw);
      await administration.addUser(name, password, listOf(options['scopes'], USAGE), options['organization']);
      print(input, { name }, `added ${name}`);
      return;
    }
    case 'list': {
      const all = await administration.listUsers();
      printTable(
        input,
        { users: all },
        ['NAME', 'SCOPES', 'ORGANIZATION'],
        all.map(({ name, scopes, organization }) => [name, scopes.join(','), organization ?? '']),
      );
      return;
    }
    case 'delete': {
      const name = wordOf(words[1], USAGE);
      if (!(await administration.deleteUser(name))) throw new Refused(`there is no user "${name}"`);
      print(input, { name }, `deleted ${name}; the user's tokens are refused from now on`);
      return;
    }
    default:
      throw new UsageError(`usage: tollgate ${USAGE}`);
  }
}
