/** Checks that the path of `limit_status` is its own. */
import { ownerOf } from '../../model/token-paths.js';
import type { PartialConfig } from '../partial.js';
import type { Report } from '../problem.js';

/** Reports the path of the token service, and routes that the endpoint hides. */
export function checkLimitStatus({ general, routes }: PartialConfig, report: Report): void {
  const { limit_status: path, tokens } = general;
  if (path === undefined) return;
  const other = tokens && ownerOf(path, tokens.issuer, tokens.endpoints);
  if (other) report(['limit_status'], `${path} is the path of ${other.owner} already`);
  for (const [index, route] of routes.entries()) {
    const segments = route?.match?.path;
    if (!segments?.every((segment) => segment.kind === 'literal')) continue;
    if (`/${segments.map(({ text }) => text).join('/')}` === path)
      report(['routes', index, 'match'], 'the path is that of limit_status, so the route is never reached');
  }
}
