/**
 * Makes a configuration of an OpenAPI document: an upstream for each server, and a route for each operation that a route can
 * have. No route admits a caller whom the document does not admit; where that cannot be stated exactly, it is stricter.
 */
import { fieldOf, readDocument, type Fields } from './document.js';
import { readOperations, type Operations } from './operations.js';
import type { Requirement } from './requirement.js';
import { makeRoutes, type ImportedRoute, type Note } from './routes.js';
import { PLACEHOLDER } from './schemes.js';
import { writeYaml, type ImportedConfig } from './write.js';

export { DocumentError } from './document-error.js';
export { MAX_BYTES } from './document.js';
export type { Note } from './routes.js';

/** The result of an import. */
export interface Imported {
  readonly config: ImportedConfig;
  /** The configuration with comments that say what must be edited. */
  readonly yaml: string;
  /** Operations that no route can have. */
  readonly leftOut: readonly Note[];
  /** Routes that need more than the document says. */
  readonly stricter: readonly Note[];
  /** Other things that the operator should know. */
  readonly remarks: readonly string[];
}

const NO_TARGET = 'http://upstream.invalid';
const NO_ISS = 'https://issuer.invalid';
const NO_AUDIENCE = 'https://audience.invalid';

/**
 * Imports a document.
 * @param bytes at most `MAX_BYTES`
 * @param name of the file, for the comments
 * @throws DocumentError where it is no OpenAPI 3 document, or too large
 */
export function importDocument(bytes: Uint8Array, name: string): Imported {
  const document = readDocument(bytes);
  const operations = readOperations(document);
  const { routes, leftOut, stricter } = makeRoutes(operations.all);
  const upstreams = upstreamsOf(routes);
  const names = new Map([...upstreams].map(([upstream, { origin }]) => [origin, upstream]));
  const config: ImportedConfig = {
    issuers: { main: { issuer: operations.schemes.issuer?.iss ?? NO_ISS, audience: NO_AUDIENCE } },
    upstreams: Object.fromEntries(
      [...upstreams].map(([upstream, { origin }]) => [upstream, origin ?? NO_TARGET]),
    ),
    routes: routes.map(({ method, path, server, requirement }) => ({
      match: `${method} ${path}`,
      upstream: names.get(server.origin)!,
      ...accessOf(requirement),
    })),
  };
  const yaml = writeYaml(config, {
    head: headOf(document, name, routes),
    issuer: issuerComment(operations),
    audience: 'EDIT: the aud of your tokens, which the document does not name',
    upstreams: new Map([...upstreams].map(([upstream, { comment }]) => [upstream, comment])),
  });
  return { config, yaml, leftOut, stricter, remarks: remarksOf(document, operations) };
}

interface NamedUpstream {
  /** Undefined: no server of the document has one. */
  readonly origin: string | undefined;
  readonly comment: string;
}

/** One upstream for each origin, in the order of the routes. */
function upstreamsOf(routes: readonly ImportedRoute[]): Map<string, NamedUpstream> {
  const origins = new Map(routes.map(({ server }) => [server.origin, server]));
  const upstreams = new Map<string, NamedUpstream>();
  for (const { origin, problem } of origins.values()) {
    const comment =
      problem === undefined
        ? 'EDIT: the address of the service behind the gateway; this is the server of the document'
        : `EDIT: the address of the service behind the gateway; ${problem}`;
    upstreams.set(upstreams.size === 0 ? 'api' : `api-${upstreams.size + 1}`, { origin, comment });
  }
  return upstreams;
}

function accessOf(requirement: Requirement): Pick<ImportedConfig['routes'][number], 'public' | 'scope'> {
  if (requirement === 'public') return { public: true };
  const { mode, scopes } = requirement;
  if (mode === 'any') return { scope: { any: scopes } };
  const [first = ''] = scopes;
  // `none` as a whole value is any valid token, and a text with a comma is an error.
  return { scope: scopes.length === 1 && first !== 'none' && !first.includes(',') ? first : scopes };
}

function headOf(document: Fields, name: string, routes: readonly ImportedRoute[]): string[] {
  const info = fieldOf(document, 'info');
  const placeholders = [...new Set(routes.flatMap(({ requirement }) => placeholdersIn(requirement)))].sort();
  const head = [
    `Imported from ${oneLine(name)}: ${oneLine(fieldOf(info, 'title'))} ${oneLine(fieldOf(info, 'version'))}`.trimEnd(),
    'Edit what is marked EDIT, then run tollgate check on this file. docs/import.md says how each route was made.',
  ];
  if (placeholders.length > 0) {
    head.push(
      '',
      'EDIT: no token has these scopes. Replace each by a scope of your tokens, or write scope: none for any valid token:',
      ...placeholders.map((scope) => `  ${scope}: ${routesWith(routes, scope)}`),
    );
  }
  return head;
}

function routesWith(routes: readonly ImportedRoute[], scope: string): string {
  const count = routes.filter(({ requirement }) => placeholdersIn(requirement).includes(scope)).length;
  return count === 1 ? '1 route' : `${count} routes`;
}

function placeholdersIn(requirement: Requirement): readonly string[] {
  return requirement === 'public' ? [] : requirement.scopes.filter((scope) => scope.startsWith(PLACEHOLDER));
}

/** A text of the document as part of a comment. */
function oneLine(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
        .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
        .slice(0, 80)
        .trim()
    : '';
}

function issuerComment({ schemes: { issuer } }: Operations): string {
  return issuer
    ? `EDIT: the iss of your tokens; this is what the scheme ${oneLine(JSON.stringify(issuer.scheme))} leads to`
    : 'EDIT: the iss of your tokens, which the document does not name';
}

function remarksOf(document: Fields, { all, schemes }: Operations): string[] {
  const remarks: string[] = [];
  if (schemes.otherIssuers.length > 0 && schemes.issuer) {
    const names = schemes.otherIssuers.map((name) => JSON.stringify(name)).join(', ');
    remarks.push(
      `tokens of ${names} may have another issuer than those of ${JSON.stringify(schemes.issuer.scheme)}: add it under "issuers", then replace their placeholder scopes`,
    );
  }
  const servers = fieldOf(document, 'servers');
  if (Array.isArray(servers) && servers.length > 1)
    remarks.push(`of the ${servers.length} servers of the document only the first is used`);
  const scopes = new Set(
    all.flatMap(({ requirement }) => (requirement === 'public' ? [] : requirement.scopes)),
  );
  for (const scope of scopes) {
    if (scope === '*' || scope.endsWith(':*'))
      remarks.push(
        `in a token the scope ${scope} covers every scope that begins with ${scope.slice(0, -1) || 'anything'}`,
      );
  }
  return remarks;
}
