/** `tollgate routes`: prints the routes as a table: match, scope, limit, upstream. */
import { loadConfig } from '../config/config.js';
import type { Route } from '../model/route.js';
import type { Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { formatTable } from './args.js';
import { accessText, limitsText, routeAsJson } from '../model/route-text.js';

const HEADINGS = ['MATCH', 'SCOPE', 'LIMIT', 'UPSTREAM'] as const;

/**
 * Prints the routes.
 * @throws ConfigUnreadable or ConfigError
 */
export const routes: Run = async ({ file, json, terminal }) => {
  const { settings } = await loadConfig(file, terminal.env);
  terminal.out(json ? JSON.stringify(settings.routes.map(routeAsJson), null, 2) : table(settings.routes));
  return EXIT_OK;
};

function table(all: readonly Route[]): string {
  const hasHosts = all.some(({ hosts }) => hosts !== undefined);
  const rows = [
    [...(hasHosts ? ['HOST'] : []), ...HEADINGS],
    ...all.map((route) => [
      ...(hasHosts ? [route.hosts?.join(', ') ?? '(any)'] : []),
      route.match,
      accessText(route),
      limitsText(route),
      route.upstream.name,
    ]),
  ];
  return formatTable(rows);
}
