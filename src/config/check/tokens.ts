/** Checks of the token service: no two of its endpoints, and no route, at one path, and no issuer under its name. */
import type { Draft } from '../draft.js';
import type { Report } from '../problem.js';

const PUBLISHED = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/revoke',
  '/introspect',
];

export function checkTokens({ general, issuers, routes }: Draft, report: Report): void {
  const { tokens } = general;
  if (!tokens) return;
  const taken = new Map<string, string>(PUBLISHED.map((path) => [path, 'the token service']));
  for (const [name, endpoint] of Object.entries(tokens.endpoints)) {
    if (!endpoint) continue;
    const other = taken.get(endpoint.path);
    if (other === undefined) taken.set(endpoint.path, `the token endpoint ${name}`);
    else report(['tokens', 'endpoints', name, 'path'], `${endpoint.path} is the path of ${other} already`);
  }
  for (const [index, route] of routes.entries()) {
    const path = route?.match?.path;
    if (!path?.every((segment) => segment.kind === 'literal')) continue;
    const owner = taken.get(`/${path.map(({ text }) => text).join('/')}`);
    if (owner !== undefined) report(['routes', index, 'match'], `the path is that of ${owner}`);
  }
  for (const [name, { issuer }] of issuers) {
    if (issuer === tokens.issuer || issuer === `${tokens.issuer}/named`) {
      report(
        ['issuers', name, 'issuer'],
        "is the iss of this gate's own tokens; a token must belong to one issuer",
      );
    }
  }
}
