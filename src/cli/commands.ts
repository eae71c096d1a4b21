/** The commands, each with its help. A command's code is loaded only when the command runs. */
import type { Command } from './command.js';
import { APPS_USAGE, USERS_USAGE } from './usage.js';

export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    summary: 'writes a small commented configuration',
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'start',
    summary: 'runs the gateway',
    load: async () => (await import('./start.js')).start,
  },
  {
    name: 'check',
    summary: "reports every error of the file, then runs its routes' expect cases",
    load: async () => (await import('./check.js')).check,
  },
  {
    name: 'routes',
    summary: 'the routes as a table: match, scope, limit, upstream',
    load: async () => (await import('./routes.js')).routes,
  },
  {
    name: 'apps',
    usage: APPS_USAGE,
    summary:
      'the apps that may request tokens, and revocations: create, list, delete, rotate, revoke, restore, revocations, named-tokens, revoke-token',
    maxArgs: 2,
    options: ['name', 'scopes', 'owner', 'organization', 'issuer'],
    load: async () => (await import('./apps.js')).apps,
  },
  {
    name: 'users',
    usage: USERS_USAGE,
    summary: 'the users of the password endpoint: add NAME, list, delete NAME',
    maxArgs: 2,
    options: ['scopes', 'organization'],
    load: async () => (await import('./users.js')).users,
  },
  {
    name: 'demo',
    summary: 'a complete setup in one process, with curl lines to try',
    load: async () => (await import('./demo.js')).demo,
  },
  {
    name: 'sample',
    summary: "the demo's service and issuer alone, for a gateway in another process",
    load: async () => (await import('./sample.js')).sample,
  },
];
