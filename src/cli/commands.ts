/** The commands, each with its help. A command's code is loaded only when the command runs. */
import type { Command } from './command.js';
import { APPS_USAGE, USERS_USAGE } from './usage.js';

export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    summary: 'writes a small commented configuration to begin with',
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'start',
    summary: 'runs the gate',
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
      'the apps that may ask for tokens, and the kill switch: create, list, delete, rotate, revoke, restore, revocations, named-tokens, revoke-token',
    maxArgs: 2,
    options: ['name', 'scopes', 'owner', 'organization', 'issuer'],
    load: async () => (await import('./apps.js')).apps,
  },
  {
    name: 'users',
    usage: USERS_USAGE,
    summary: 'the people of the password endpoint: add NAME, list, delete NAME',
    maxArgs: 2,
    options: ['scopes', 'organization'],
    load: async () => (await import('./users.js')).users,
  },
  {
    name: 'demo',
    summary: 'a whole working setup in one process, and the curl lines to try',
    load: async () => (await import('./demo.js')).demo,
  },
  {
    name: 'sample',
    summary: "the demo's service and its issuer alone, for a gate that runs beside them",
    load: async () => (await import('./sample.js')).sample,
  },
];
