/** Prints docs/commands.md: what `tollgate help` prints about each command of the built `dist/`. Run by `npm run commands`. */
import { COMMANDS } from '../dist/cli/commands.js';
import { helpOn } from '../dist/cli/help.js';

const links = {
  check: 'check.md',
  diff: 'diff.md',
  import: 'import.md',
  apps: 'token-service.md',
  users: 'token-service.md',
  start: 'operations.md',
};

const heading = `# Commands

What \`tollgate help COMMAND\` prints, for every command. \`npm run commands\` makes this page.

- \`-c FILE\` names the configuration; without it that is \`config/gateway.yaml\`. Options may stand before or after the command's
  name, and \`--option=value\` is the same as \`--option value\`.
- Exit codes: 0 for success; 1 for a bad file, a refused request or a failed operation; 2 for wrong usage or an unreadable file.
- Data and results go to standard output; problems, warnings and progress to standard error.
- \`tollgate completion\` prints a completion script. For bash: \`source <(tollgate completion bash)\` in \`~/.bashrc\`; the first
  lines of the others say where they go.
`;

const sections = COMMANDS.map((command) => {
  const page = links[command.name];
  const link = page === undefined ? '' : `More in [${page}](${page}).\n\n`;
  return `## ${command.name}\n\n${link}\`\`\`\n${helpOn(command)}\n\`\`\`\n`;
});

process.stdout.write([heading, ...sections].join('\n'));
