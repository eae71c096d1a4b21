/** Checks that nothing conflicts with the token service: the path of each endpoint is its own, and so is its iss; and its keys. */
import { ownerOf } from '../../model/token-paths.js';
import type { PartialConfig } from '../partial.js';
import type { Report } from '../problem.js';

/**
 * Reports endpoints with one path, routes that an endpoint hides, issuers with the iss of the gateway's tokens, and a
 * previous key of encryption without a present one.
 */
export function checkTokens({ general, issuers, routes }: PartialConfig, report: Report): void {
  const { tokens } = general;
  if (!tokens) return;
  if (tokens.previous_key_encryption_key && !tokens.key_encryption_key) {
    report(
      ['tokens', 'previous_key_encryption_key'],
      'decrypts what "key_encryption_key" encrypts again, which is missing',
    );
  }
  const earlier: Record<string, { readonly path: string }> = {};
  for (const [name, endpoint] of Object.entries(tokens.endpoints)) {
    if (!endpoint) continue;
    const { path } = endpoint;
    const other = ownerOf(path, tokens.issuer, earlier);
    if (other) report(['tokens', 'endpoints', name, 'path'], `${path} is the path of ${other.owner} already`);
    else earlier[name] = endpoint;
  }
  for (const [index, route] of routes.entries()) {
    const segments = route?.match?.path;
    if (!segments?.every((segment) => segment.kind === 'literal')) continue;
    const path = `/${segments.map(({ text }) => text).join('/')}`;
    const found = ownerOf(path, tokens.issuer, tokens.endpoints);
    if (!found) continue;
    const text =
      found.path === path
        ? `the path is that of ${found.owner}, so the route is never reached`
        : `the path is too much like ${found.path} of ${found.owner}: a request for it is 404, so the route is never reached`;
    report(['routes', index, 'match'], text);
  }
  for (const [name, { issuer }] of issuers) {
    if (issuer === tokens.issuer || issuer === `${tokens.issuer}/named`) {
      report(
        ['issuers', name, 'issuer'],
        "is the iss of this gateway's own tokens; a token must belong to one issuer",
      );
    }
  }
}
