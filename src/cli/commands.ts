/** The commands, each with its help. A command's code is loaded only when the command runs. */
import { JSON_OPTION, type Command } from './command.js';
import {
  APPS_ACTIONS,
  APPS_OPTIONS,
  EXPLAIN_OPTIONS,
  EXPLAIN_USAGE,
  USERS_ACTIONS,
  USERS_OPTIONS,
} from './usage.js';

export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    summary: 'writes a small commented configuration',
    examples: ['init', 'init -c my.yaml'],
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'start',
    summary: 'runs the gateway',
    examples: ['start', 'start -c my.yaml'],
    load: async () => (await import('./start.js')).start,
  },
  {
    name: 'check',
    summary: 'reports errors and warnings of the file, runs its expect cases, says who can open what',
    options: [
      { name: 'strict', summary: 'exit with 1 also for warnings' },
      { name: 'all', summary: 'list the routes of a large file too' },
      JSON_OPTION,
    ],
    examples: ['check', 'check -c my.yaml --strict --json'],
    load: async () => (await import('./check.js')).check,
  },
  {
    name: 'routes',
    summary: 'the routes as a table: match, scope, limit, upstream',
    options: [JSON_OPTION],
    examples: ['routes', 'routes -c my.yaml --json'],
    load: async () => (await import('./routes.js')).routes,
  },
  {
    name: 'explain',
    summary: 'what would happen to a request, and why; forwards and counts nothing',
    usage: EXPLAIN_USAGE,
    maxArgs: 2,
    options: EXPLAIN_OPTIONS,
    examples: [
      'explain GET /orders/7 --scopes orders:read',
      'explain GET https://api.example.com/orders/7 --token - < token.txt',
    ],
    load: async () => (await import('./explain.js')).explain,
  },
  {
    name: 'diff',
    summary: 'what changes for callers from one file to another, and whether it loosens access',
    usage: 'OLD NEW [--base DIR]',
    maxArgs: 2,
    argumentKind: 'file',
    options: [
      {
        name: 'base',
        value: 'DIR',
        summary: "the folder at which OLD's relative paths begin (default: its own)",
      },
      JSON_OPTION,
    ],
    examples: ['diff old.yaml config/gateway.yaml', 'diff old.yaml config/gateway.yaml --base config --json'],
    load: async () => (await import('./diff.js')).diff,
  },
  {
    name: 'apps',
    summary: 'the apps that may request tokens, and revocations',
    actions: APPS_ACTIONS,
    maxArgs: 2,
    options: APPS_OPTIONS,
    examples: ['apps create --name "Sample app" --scopes orders:read', 'apps revoke some-app --issuer main'],
    load: async () => (await import('./apps.js')).apps,
  },
  {
    name: 'users',
    summary: 'the users of the password endpoint',
    actions: USERS_ACTIONS,
    maxArgs: 2,
    options: USERS_OPTIONS,
    examples: ['users add ada --scopes orders:read < password.txt', 'users list --json'],
    load: async () => (await import('./users.js')).users,
  },
  {
    name: 'demo',
    summary: 'a complete setup in one process, with curl lines to try',
    examples: ['demo', 'demo -c my.yaml'],
    load: async () => (await import('./demo.js')).demo,
  },
  {
    name: 'sample',
    summary: "the demo's service and issuer alone, for a gateway in another process",
    examples: ['sample', 'sample -c my.yaml'],
    load: async () => (await import('./sample.js')).sample,
  },
  {
    name: 'completion',
    summary: 'a completion script for a shell: bash, zsh or fish',
    usage: 'bash|zsh|fish',
    maxArgs: 1,
    argumentKind: ['bash', 'zsh', 'fish'],
    examples: ['completion bash', 'completion zsh > ~/.zfunc/_tollgate'],
    load: async () => (await import('./completion.js')).createCompletion(COMMANDS),
  },
];
