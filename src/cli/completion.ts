/** `tollgate completion`: prints a completion script for a shell, made from the table of commands. */
import { bashScript } from './completion-bash.js';
import { fishScript } from './completion-fish.js';
import { zshScript } from './completion-zsh.js';
import { completionPlaces } from './completion-places.js';
import { UsageError, type Command, type Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/**
 * Creates the command for a table of commands. It throws UsageError if the shell is missing or another one.
 * @param commands the commands that the script completes
 */
export function createCompletion(commands: readonly Command[]): Run {
  return ({ args: [shell], terminal }) => {
    const script =
      shell !== undefined && Object.hasOwn(SCRIPTS, shell) && SCRIPTS[shell as keyof typeof SCRIPTS];
    if (!script) throw new UsageError(`usage: tollgate completion ${Object.keys(SCRIPTS).join('|')}`);
    terminal.out(script(completionPlaces(commands)));
    return Promise.resolve(EXIT_OK);
  };
}
